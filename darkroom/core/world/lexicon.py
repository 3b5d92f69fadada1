"""The English words of the shape world: phrases, synonyms and words without weight.

Owns the table from phrase to meaning, and the cutting of a text into such
phrases, longest first. What a sequence of them says is the business of `parsing`
and `questions`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Kind(Enum):
    """What sort of thing a phrase names."""

    COLOUR = "colour"
    SHAPE = "shape"
    SIZE = "size"
    PLACE = "place"
    RELATION = "relation"
    BACKGROUND = "background"
    GROUND = "ground"  # the word "background" itself
    NOUN = "noun"  # an object of no stated shape
    NUMBER = "number"
    ARTICLE = "article"
    ON = "on"
    WHICH = "which"
    AND = "and"
    BREAK = "break"
    NOT = "not"
    FILLER = "filler"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Phrase:
    """A run of words and what it means; for unknown words the word itself."""

    kind: Kind
    value: str
    text: str
    plural: bool = False


SYNONYMS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.COLOUR: {
            "red": ("red", "crimson", "scarlet"),
            "green": ("green",),
            "blue": ("blue",),
            "yellow": ("yellow",),
            "purple": ("purple", "violet"),
            "orange": ("orange",),
            "cyan": ("cyan", "turquoise", "aqua"),
            "pink": ("pink", "rose"),
        },
        Kind.SHAPE: {
            "circle": ("circle", "disc", "disk", "dot"),
            "square": ("square", "box"),
            "triangle": ("triangle",),
            "diamond": ("diamond", "rhombus", "lozenge"),
            "star": ("star",),
            "cross": ("cross", "plus", "plus sign"),
        },
        Kind.SIZE: {
            "small": ("small", "tiny", "little"),
            "large": ("large", "big", "huge"),
        },
        Kind.PLACE: {
            "center": ("center", "centre", "middle", "centered", "centred"),
            "top": ("top", "upper half"),
            "bottom": ("bottom", "lower half"),
            "left": ("left", "left half"),
            "right": ("right", "right half"),
            "top left": ("top left", "upper left"),
            "top right": ("top right", "upper right"),
            "bottom left": ("bottom left", "lower left"),
            "bottom right": ("bottom right", "lower right"),
        },
        Kind.RELATION: {
            "above": ("above", "over", "on top of", "higher than"),
            "below": ("below", "under", "beneath", "underneath", "lower than"),
            "left of": ("left of",),
            "right of": ("right of",),
        },
        Kind.BACKGROUND: {
            "white": ("white",),
            "black": ("black",),
            "gray": ("gray", "grey"),
            "beige": ("beige", "cream"),
            "navy": ("navy", "navy blue", "dark blue"),
        },
        Kind.GROUND: {"background": ("background", "backdrop", "canvas")},
        Kind.NOUN: {"object": ("object", "shape", "figure", "thing")},
        Kind.NUMBER: {
            "1": ("one", "1"),
            "2": ("two", "2"),
            "3": ("three", "3"),
            "4": ("four", "4"),
        },
        Kind.ARTICLE: {"a": ("a", "an", "the")},
        Kind.ON: {"on": ("on", "against")},
        Kind.WHICH: {"which": ("which", "that")},
        Kind.AND: {"and": ("and",)},
        Kind.NOT: {"no": ("no", "without", "not")},
        Kind.FILLER: {
            "": (
                *("in", "at", "to", "of", "with", "near", "is", "are", "it", "its", "there"),
                *("side", "corner", "hand", "picture", "image", "drawing", "coloured", "colored"),
            )
        },
    }
)
_IRREGULAR_PLURALS = {"box": "boxes", "cross": "crosses", "plus": "pluses", "rhombus": "rhombuses"}
_CUT = re.compile(r"<[^<>]*>|[^\W\d_]+|\d+(?:\.\d+)?|[,.;:!?\n]")
_EMPHASIS = re.compile(r"\(([^():]*(?:\([^()]*\)[^():]*)*):\s*[\d.]+\s*\)")


def _table() -> dict[tuple[str, ...], Phrase]:
    table: dict[tuple[str, ...], Phrase] = {}
    for kind, meanings in SYNONYMS.items():
        for value, texts in meanings.items():
            for text in texts:
                table[tuple(text.split())] = Phrase(kind, value, text)
                if kind in (Kind.SHAPE, Kind.NOUN):
                    many = plural(text)
                    table[tuple(many.split())] = Phrase(kind, value, many, plural=True)
    return table


def plural(noun: str) -> str:
    """The plural of a noun of this world."""
    return _IRREGULAR_PLURALS.get(noun, noun + "s")


def without_emphasis(text: str) -> str:
    """The text without ComfyUI's weights: "(red circle:1.2)" is read as "red circle"."""
    before = ""
    while before != text:
        before, text = text, _EMPHASIS.sub(r"\1", text)
    return text.replace("\\", "")


def phrases(text: str) -> tuple[Phrase, ...]:
    """The text cut into known phrases, longest first; other words are UNKNOWN."""
    words = [word.lower() for word in _CUT.findall(without_emphasis(text))]
    found: list[Phrase] = []
    at = 0
    while at < len(words):
        phrase, length = _longest(words, at)
        found.append(phrase)
        at += length
    return tuple(found)


def _longest(words: list[str], at: int) -> tuple[Phrase, int]:
    for length in range(_LONGEST, 0, -1):
        known = _TABLE.get(tuple(words[at : at + length]))
        if known is not None:
            return known, min(length, len(words) - at)
    word = words[at]
    return Phrase(Kind.BREAK if word in ",.;:!?\n" else Kind.UNKNOWN, word, word), 1


_TABLE = _table()
_LONGEST = max(len(words) for words in _TABLE)
WORDS = tuple(sorted({word for words in _TABLE for word in words}))
"""Every single word with a meaning, sorted: the vocabulary of the learned text encoder."""
