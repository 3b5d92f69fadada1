"""Read a question about a picture in plain English.

Owns which kinds of questions there are. A question that is not understood whole
becomes `Unreadable` with the words at fault; nothing is answered by guessing.
"""

import re
from dataclasses import dataclass, replace

from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.lexicon import Kind, phrases
from darkroom.core.world.parsing import read_prompt


@dataclass(frozen=True)
class Holds:
    """Whether everything stated is so; `exactly` asks for that number of such objects."""

    facts: Facts
    negated: bool = False
    exactly: int | None = None


@dataclass(frozen=True)
class GroundIs:
    """Whether the background has a colour that no background of this world can have."""

    word: str


@dataclass(frozen=True)
class HowMany:
    """How many objects fit."""

    item: ObjectFacts


@dataclass(frozen=True)
class Which:
    """Which colour, shape, size or place an object has."""

    attribute: str
    item: ObjectFacts


@dataclass(frozen=True)
class WhichGround:
    """Which colour the background has."""


@dataclass(frozen=True)
class Describe:
    """Everything that is there."""


@dataclass(frozen=True)
class Unreadable:
    """Not a question about this world."""

    words: tuple[str, ...]


Question = Holds | GroundIs | HowMany | Which | WhichGround | Describe | Unreadable

_WHICH = re.compile(
    r"^\s*(?:what|which)\s+(?:is\s+the\s+)?(colou?r|shape|size|position|place)\s+(?:of\s+|is\s+|does\s+)?"
)
_WHERE = re.compile(r"^\s*where\s+(?:is|are)\s+")
_HOW_MANY = re.compile(r"^\s*how\s+many\s+|^\s*(?:what\s+is\s+the\s+)?number\s+of\s+")
_HOW_BIG = re.compile(r"^\s*how\s+(?:big|large|small)\s+is\s+")
_DESCRIBE = re.compile(
    r"^\s*(?:describe|what\s+(?:is|are|can\s+you\s+see|objects|shapes|do\s+you\s+see)\b(?!.*background))"
)
_POLITE = frozenset(
    (
        *("does", "do", "did", "can", "could", "you", "i", "we", "see", "the", "image", "picture"),
        *("drawing", "photo", "show", "shows", "contain", "contains", "have", "has", "include"),
        *("includes", "any", "this", "visible", "located", "placed", "positioned", "standing"),
        *("shown", "present", "exactly", "only", "just", "total", "altogether", "exist", "both"),
        *("really", "made", "filled"),
    )
)


def read_question(text: str) -> Question:
    """Which question this is."""
    lowered = re.sub(r"\s+", " ", text.lower().strip().rstrip("?!. "))
    if match := _HOW_MANY.match(lowered):
        return _about(lowered[match.end() :], "count")
    if match := _WHICH.match(lowered):
        return _about(lowered[match.end() :], match[1].replace("color", "colour"))
    if match := _WHERE.match(lowered):
        return _about(lowered[match.end() :], "place")
    if match := _HOW_BIG.match(lowered):
        return _about(lowered[match.end() :], "size")
    if _DESCRIBE.match(lowered):
        return Describe()
    return _yes_or_no(lowered)


def _about(rest: str, attribute: str) -> Question:
    """An open question about an object or about the background."""
    kinds = [phrase.kind for phrase in phrases(rest)]
    reading = read_prompt(rest)
    unknown = _unknown(reading.unknown_words)
    if unknown or (attribute == "count" and reading.facts.relations):
        return Unreadable(unknown or (rest,))
    if Kind.GROUND in kinds and not reading.facts.objects:
        return WhichGround() if attribute == "colour" else Unreadable((rest,))
    item = reading.facts.objects[0] if reading.facts.objects else ObjectFacts()
    if attribute == "count":
        return HowMany(item)
    return Which("place" if attribute == "position" else attribute, item)


def _yes_or_no(text: str) -> Question:
    found = phrases(text)
    denials = [phrase for phrase in found if phrase.kind is Kind.NOT]
    if len(denials) == 1:
        text = re.sub(rf"\b{denials[0].text}\b", " ", text, count=1)
    ground_colours = [
        first.value
        for first in found
        if first.kind is Kind.COLOUR and Kind.GROUND in [phrase.kind for phrase in found]
    ]
    reading = read_prompt(text)
    if len(ground_colours) == 1 and not reading.facts.objects:
        return GroundIs(ground_colours[0])
    unknown = _unknown(reading.unknown_words)
    if unknown or not reading.facts.stated or (denials and len(reading.facts.objects) > 1):
        return Unreadable(unknown or (text,))
    numbered = any(phrase.kind is Kind.NUMBER for phrase in found)
    exactly = len(reading.facts.objects) if numbered else None
    return Holds(replace(reading.facts, count=None), bool(denials), exactly)


def _unknown(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _POLITE)
