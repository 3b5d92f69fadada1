"""Planted controls: questions whose right answer is known, to find out what a judge misses.

Owns the scenes they are about, what counts as a mistake on each, and the table of error
rates with its verdicts. Drawing, blurring and writing on pictures is an adapter's, asking
a judge is `darkroom.runs`'.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from darkroom.core.significance import Tally, wilson
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.facts import Facts, ObjectFacts, RelationFact
from darkroom.core.world.scene import Scene, SceneObject
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS, SHAPES

Control = Literal["right", "wrong", "blurred", "written", "flipped", "order", "repeat"]
CONTROLS: Mapping[Control, str] = MappingProxyType(
    {
        "right": "misses what is there",
        "wrong": "sees what is not there",
        "blurred": "sees it in a blur",
        "written": "takes writing in the image for the thing",
        "flipped": "takes left for right",
        "order": "compares otherwise the other way round",
        "repeat": "answers otherwise the second time",
    }
)
"""What a mistake on each control means."""

Outcome = Literal["right", "wrong", "unknown"]
Verdict = Literal["holds", "doubtful", "fails"]

BAR = 0.10
"""A judge may be mistaken this often."""
SAME = 0.10
"""Two similarities no further apart count as the same."""
_SIDES = ((0.27, 0.46), (0.73, 0.46))
_RADIUS = 0.205


@dataclass(frozen=True)
class Plant:
    """One scene of two things side by side, and the questions about it."""

    scene: Scene
    shown: str
    """Asks about the thing on the left: yes."""
    absent: str
    """Asks about a thing whose colour and shape are nowhere in the scene: no."""
    claim: str
    """That thing in words, to be written into the picture."""
    beside: str
    """Asks whether the left thing is to the left of the right one: yes, mirrored no."""

    @property
    def note(self) -> str:
        """What is written into the picture to be taken for the thing itself."""
        return f"{self.claim}. {self.absent} Yes."


def planted(number: int) -> Plant:
    """The scene of this number: the same everywhere and always."""
    digest = hashlib.sha256(f"control {number}".encode()).digest()
    colours = _picked(tuple(COLOURS), digest[0:3])
    shapes = _picked(SHAPES, digest[3:6])
    ground = tuple(BACKGROUNDS)[digest[6] % len(BACKGROUNDS)]
    left, right, other = (
        ObjectFacts(colour, shape) for colour, shape in zip(colours, shapes, strict=True)
    )
    things = tuple(
        SceneObject(item.colour or "", item.shape or "", "large", x, y, _RADIUS)
        for item, (x, y) in zip((left, right), _SIDES, strict=True)
    )
    beside = Facts(None, (left, right), (RelationFact(0, "left of", 1),))
    return Plant(
        scene=Scene(ground, things),
        shown=_asked(Facts(None, (left,))),
        absent=_asked(Facts(None, (other,))),
        claim=plain_caption(Facts(None, (other,))),
        beside=_asked(beside),
    )


def mirrored(scene: Scene) -> Scene:
    """The scene with left and right exchanged."""
    return replace(scene, objects=tuple(replace(item, x=1 - item.x) for item in scene.objects))


def _picked(words: tuple[str, ...], bytes_: bytes) -> tuple[str, ...]:
    """As many different words as there are bytes."""
    left = list(words)
    return tuple(left.pop(byte % len(left)) for byte in bytes_)


def _asked(facts: Facts) -> str:
    return f"Is there {plain_caption(facts)}?"


def of_yes(said: bool | None) -> Outcome:
    """Where yes is right."""
    return "unknown" if said is None else "right" if said else "wrong"


def of_no(said: bool | None) -> Outcome:
    """Where anything but yes will do."""
    return "unknown" if said is None else "wrong" if said else "right"


def of_flip(straight: bool | None, flipped: bool | None) -> Outcome:
    """A relation holds in one picture of a mirrored pair and not in the other."""
    if straight is None or flipped is None:
        return "unknown"
    return "right" if straight and not flipped else "wrong"


def of_repeat(first: bool | None, second: bool | None) -> Outcome:
    """The same question about the same picture has the same answer, even if it is none."""
    return "right" if first == second else "wrong"


def of_order(one_way: float | None, other_way: float | None) -> Outcome:
    """Which picture comes first makes no difference to how alike two are."""
    if one_way is None or other_way is None:
        return "unknown"
    return "right" if abs(one_way - other_way) <= SAME else "wrong"


@dataclass(frozen=True)
class ErrorRate:
    """One line of a judge's error table."""

    control: Control
    means: str
    asked: int
    wrong: int
    unknown: int
    rate: float
    low: float
    high: float
    verdict: Verdict


def error_table(outcomes: Mapping[Control, Sequence[Outcome]]) -> tuple[ErrorRate, ...]:
    """The rates of every control that was asked."""
    return tuple(_rate(control, outcomes[control]) for control in CONTROLS if outcomes.get(control))


def _rate(control: Control, outcomes: Sequence[Outcome]) -> ErrorRate:
    asked, wrong, unknown = len(outcomes), outcomes.count("wrong"), outcomes.count("unknown")
    # a judge that never says yes to what is there makes no mistakes and is of no use
    missed = wrong + unknown if control == "right" else wrong
    rate, interval = missed / asked, wilson(Tally(missed, asked))
    return ErrorRate(
        control=control,
        means=CONTROLS[control],
        asked=asked,
        wrong=wrong,
        unknown=unknown,
        rate=rate,
        low=interval.low,
        high=interval.high,
        verdict="holds" if rate <= BAR else "fails" if interval.low > BAR else "doubtful",
    )


def worst(table: Sequence[ErrorRate]) -> Verdict:
    """The verdict on the judge: that of its worst control; nothing asked settles nothing."""
    given = {row.verdict for row in table}
    if "fails" in given:
        return "fails"
    return "holds" if given == {"holds"} else "doubtful"
