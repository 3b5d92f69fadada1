"""Which versions of the servers drew the images of an experiment, and which cells mix them.

Owns the counts and the words. Whether an image of another version counts is the
experiment's to say.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from darkroom.core.experiments.cells import Result


def engines_of(results: Iterable[Result]) -> dict[str, int]:
    """How many of the images each version drew, the commonest first."""
    return counted(each.engine for each in results if each.image is not None)


def counted(engines: Iterable[str | None]) -> dict[str, int]:
    """How often each is named, the commonest first."""
    return dict(Counter(each for each in engines if each is not None).most_common())


def mixed(versions: Iterable[Collection[str]]) -> int:
    """How many cells have images of more than one version."""
    return sum(len(set(each)) > 1 for each in versions)


def told(engines: Mapping[str, int], cells: int, mix: int) -> str | None:
    """What a person should know who compares the cells; None where one version drew all."""
    if len(engines) < 2:  # noqa: PLR2004 - one version is no mixture
        return None
    drawn = ", ".join(f"{count} by {engine}" for engine, count in engines.items())
    which = (
        f"{mix} of {cells} cells mix them" if mix else "no cell mixes them, cells differ by them"
    )
    return f"versions differ: {drawn} images were drawn; {which}"


def foretold(
    engines: Mapping[str, int], now: Sequence[str], cells: int, mix: int, *, is_strict: bool
) -> str | None:
    """The same before anything is drawn; `is_strict`: images of other versions do not count."""
    other = {engine: count for engine, count in engines.items() if engine not in now}
    if not other:
        return None
    drawn = ", ".join(f"{count} images by {engine}" for engine, count in other.items())
    said = f"{drawn} are there, and the servers have {', '.join(now)}"
    if is_strict:
        return f"{said}: they are drawn anew, because of `versions: current`"
    which = f"{mix} of {cells} cells will mix versions" if mix else "no cell will mix versions"
    return f"{said}: they count, and {which}; `versions: current` has them drawn anew"
