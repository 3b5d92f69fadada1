"""Which image or run a name means, when a person types one.

Owns the forms: a key, a file in the store's folder, PROJECT/RUN_ID/ITERATION, PROJECT/RUN_ID,
and what only the warehouse can tell: the start of a sha256, a generation id, a bare
RUN_ID. The store is asked first, so what was drawn a second ago has a name already.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.opening import Connection
from darkroom.adapters.warehouse.statements import is_text, query
from darkroom.archive.opening import opened_library
from darkroom.core.errors import UsageError
from darkroom.core.keys import RunKeys, is_key, is_run_id, sidecar_key

_SHOWN = 5
Look = Callable[[list[str]], "Names"]


@dataclass(frozen=True)
class Named:
    """What some names mean: images by key, runs as PROJECT/RUN_ID."""

    images: tuple[str, ...]
    runs: tuple[str, ...]


@dataclass
class Names:
    """What each name may mean."""

    images: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    runs: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


def resolve(names: Sequence[str], store: Store, root: Path | None, look: Look) -> Named:
    """What the names mean; every name that means nothing, or too much, is told at once."""
    found = Names()
    for name in names:
        _in_store(name, store, root, found)
    rest = [name for name in names if name not in found.images and name not in found.runs]
    told = look(rest) if rest else Names()
    found.images |= told.images
    found.runs |= {name: runs for name, runs in told.runs.items() if name not in told.images}
    _insist(names, found)
    images = [found.images[name][0] for name in names if name in found.images]
    runs = [found.runs[name][0] for name in names if name in found.runs]
    return Named(tuple(dict.fromkeys(images)), tuple(dict.fromkeys(runs)))


def _in_store(name: str, store: Store, root: Path | None, found: Names) -> None:
    key = _key_of_file(name, root) or name
    if not is_key(key):
        return
    for image in (key, _of_iteration(key)):
        if image and is_key(sidecar_key(image)) and store.head(sidecar_key(image)) is not None:
            found.images[name] = [image]
            return
    project, _, run = key.partition("/")
    if is_run_id(run) and next(iter(store.iter_keys(f"{RunKeys(project, run).root}/")), None):
        found.runs[name] = [key]


def _key_of_file(name: str, root: Path | None) -> str | None:
    """The key of a file given by its path, as a shell completes it."""
    if root is None or not os.path.lexists(name):
        return None
    path = Path(name).absolute()
    if not path.is_relative_to(root.absolute()):
        return None
    return path.relative_to(root.absolute()).as_posix().removesuffix(".json")


def _of_iteration(name: str) -> str | None:
    project, _, rest = name.partition("/")
    run, _, number = rest.partition("/")
    if is_run_id(run) and number.isdigit() and len(number) < len("1000000"):
        return RunKeys(project, run).image(int(number))
    return None


def _insist(names: Iterable[str], found: Names) -> None:
    mistakes = [text for name in names if (text := _mistake(name, found))]
    if mistakes:
        raise UsageError("annotation-target", "; ".join(mistakes))


def _mistake(name: str, found: Names) -> str | None:
    meant = [*found.images.get(name, []), *found.runs.get(name, [])]
    if len(meant) == 1:
        return None
    if not meant:
        return f"{name[:80]!r} names no image and no run"
    more = "" if len(meant) <= _SHOWN else f" and {len(meant) - _SHOWN} more"
    return f"{name[:80]!r} may mean {', '.join(meant[:_SHOWN])}{more}"


def meant(lab: Lab, store: Store, names: Sequence[str]) -> Named:
    """What names mean in a laboratory; the warehouse is opened only when it must be."""

    def look(rest: list[str]) -> Names:
        with opened_library(lab) as connection:
            return look_in(connection, rest)

    root = lab.store_root if lab.config.store.kind == "folder" else None
    return resolve(names, store, root, look)


def look_in(connection: Connection, names: list[str]) -> Names:
    """What the warehouse says that names may mean."""
    asked: Mapping[str, object] = {"names": [name for name in names if is_text(name)]}
    found = Names()
    for name, image in connection.execute(query("resolve_images").text, asked).fetchall():
        found.images.setdefault(name, []).append(image)
    for name, run in connection.execute(query("resolve_runs").text, asked).fetchall():
        found.runs.setdefault(name, []).append(run)
    return found
