"""Better prompts for the shape world, without a language model.

Owns one piece of advice: the picture as it was wrongly drawn, told in the words of the
prompt, becomes the negative prompt. All that both prompts share cancels out, so the
sampler is pushed away from the mistake alone. Only the latest mistake is told: an older
one beside it would pull elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations

from darkroom.core.wording import Prompts
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.parsing import read_prompt
from darkroom.core.world.vocabulary import MAX_OBJECTS

_WORDS = ("colour", "shape", "size")


@dataclass(frozen=True)
class _Pairing:
    """Which drawn object stands for each wanted one (None: none does), and which are left over."""

    drawn: tuple[ObjectFacts | None, ...]
    left_over: tuple[ObjectFacts, ...]


def advised(prompts: Prompts, seen: str) -> Prompts:
    """Return the prompts with the scene as it was wrongly drawn in the negative one."""
    wanted = read_prompt(prompts.positive).facts
    drawn = read_prompt(seen).facts
    mistake = mistaken(wanted, drawn)
    if not drawn.stated or mistake == replace(wanted, count=None):
        return prompts
    kept = [part for part in _parts(prompts.negative) if not _is_earlier(part, wanted)]
    return Prompts(prompts.positive, ", ".join([*kept, plain_caption(mistake)]))


def mistaken(wanted: Facts, drawn: Facts) -> Facts:
    """The wanted scene with what was seen in place of what was asked for."""
    pairing = _paired(wanted.objects, drawn.objects)
    there = [at for at, item in enumerate(pairing.drawn) if item is not None]
    objects = [
        _as_seen(stated, item)
        for stated, item in zip(wanted.objects, pairing.drawn, strict=True)
        if item is not None
    ]
    relations = tuple(
        replace(fact, first=there.index(fact.first), second=there.index(fact.second))
        for fact in wanted.relations
        if fact.first in there and fact.second in there
    )
    room = MAX_OBJECTS - len(objects)
    ground = wanted.background and (drawn.background or wanted.background)
    return Facts(ground, (*objects, *pairing.left_over[:room]), relations)


def _paired(wanted: tuple[ObjectFacts, ...], drawn: tuple[ObjectFacts, ...]) -> _Pairing:
    """The pairing in which most words agree; drawn objects are used in their order."""
    numbers: list[int | None] = [*range(len(drawn)), *[None] * max(0, len(wanted) - len(drawn))]

    def agreeing(chosen: tuple[int | None, ...]) -> int:
        pairs = zip(wanted, chosen, strict=True)
        return sum(_agreeing(stated, drawn[at]) for stated, at in pairs if at is not None)

    best = max(permutations(numbers, len(wanted)), key=agreeing)
    over = tuple(item for at, item in enumerate(drawn) if at not in best)
    return _Pairing(tuple(None if at is None else drawn[at] for at in best), over)


def _agreeing(stated: ObjectFacts, seen: ObjectFacts) -> int:
    return sum(getattr(stated, word) == getattr(seen, word) for word in _WORDS)


def _as_seen(stated: ObjectFacts, seen: ObjectFacts) -> ObjectFacts:
    """The stated words as they were seen; what was not said of it stays unsaid."""
    said = {word: getattr(stated, word) and getattr(seen, word) for word in _WORDS}
    return replace(stated, **said)


def _parts(negative: str) -> Iterator[str]:
    return (part.strip() for part in negative.split(",") if part.strip())


def _is_earlier(part: str, wanted: Facts) -> bool:
    """Whether this is a scene told by an earlier advice: those are whole captions."""
    facts = read_prompt(part).facts
    is_scene = bool(facts.objects) and plain_caption(facts) == part
    return is_scene and (facts.background is None) == (wanted.background is None)
