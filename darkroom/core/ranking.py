"""How a person's ranking of one run starts the next.

Owns the three modes: the first place alone, or the mean of the numbers and the
most common sampler and scheduler over the first three or five, always with the
prompts of the first place and the notes as context.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, cast

from darkroom.core.errors import UsageError
from darkroom.core.tuning import Settings
from darkroom.core.wording import Prompts

RankingMode = Literal["rank1", "top3", "top5"]
_MAX_DIGITS = 9
_DEPTH: dict[RankingMode, int] = {"rank1": 1, "top3": 3, "top5": 5}


@dataclass(frozen=True)
class Ranked:
    """One ranked iteration: what it was made with and what the person wrote of it."""

    iteration: int
    settings: Settings
    prompts: Prompts
    note: str = ""


@dataclass(frozen=True)
class Start:
    """What the next run begins with."""

    settings: Settings
    prompts: Prompts
    notes: tuple[str, ...]


def start_from_ranking(ranked: Sequence[Ranked], mode: RankingMode) -> Start:
    """Blend the best iterations, best first, by the given mode."""
    if not ranked:
        raise UsageError("ranking-empty", "the ranking names no iteration of that run")
    top = ranked[: _DEPTH[mode]]
    notes = tuple(f"iteration {item.iteration}: {item.note}" for item in top if item.note.strip())
    return Start(_blended([item.settings for item in top]), top[0].prompts, notes)


def _blended(settings: Sequence[Settings]) -> Settings:
    first = settings[0]
    if len(settings) == 1:
        return first
    return Settings(
        denoise=round(fmean(item.denoise for item in settings), 6),
        cfg=round(fmean(item.cfg for item in settings), 6),
        steps=round(fmean(item.steps for item in settings)),
        # the mean of two seeds is a third picture; the best one's seed is kept
        seed=first.seed,
        sampler_name=_most_common([item.sampler_name for item in settings]),
        scheduler=_most_common([item.scheduler for item in settings]),
    )


def _most_common(names: Sequence[str]) -> str:
    """Return the most frequent name; between equals, the better ranked one."""
    counts = Counter(names)
    return max(names, key=lambda name: (counts[name], -names.index(name)))


def read_ranking(document: Mapping[str, object]) -> tuple[list[int], dict[int, str]]:
    """Read `ranking` and `notes` of a ranking.json; entries that name no iteration are left out."""
    order = document.get("ranking")
    notes = document.get("notes")
    listed = cast("list[object]", order) if isinstance(order, list) else []
    texts = cast("dict[object, object]", notes) if isinstance(notes, dict) else {}
    places = [number for item in listed if (number := _number(item))]
    by_iteration = {number: str(text) for key, text in texts.items() if (number := _number(key))}
    return list(dict.fromkeys(places)), by_iteration


def ranking_document(
    order: Sequence[int], notes: Mapping[int, str], updated_at: float
) -> dict[str, object]:
    """The document that `read_ranking` reads; `updated_at` is in seconds since the epoch."""
    return {
        "ranking": [str(number) for number in order],
        "notes": {str(number): text for number, text in notes.items()},
        "updated_at": updated_at,
    }


def _number(value: object) -> int | None:
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None
