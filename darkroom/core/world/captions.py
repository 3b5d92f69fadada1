"""Put facts into words: one plain caption, or one of many ways of saying it.

Owns phrasing only. The choices of the varied form come from the caller, so the
module stays free of chance.
"""

from collections.abc import Callable

from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.lexicon import SYNONYMS, Kind

Choose = Callable[[int], int]
"""Gives a number from 0 up to, not including, its argument."""

_RELATION = {
    "above": "above",
    "below": "below",
    "left of": "to the left of",
    "right of": "to the right of",
}
_BACKGROUND_FORMS = (" on a {} background", ", {} background", ", on {}", " against a {} backdrop")


def plain_caption(facts: Facts) -> str:
    """The caption of these facts in the plainest words."""
    return varied_caption(facts, lambda _: 0)


def varied_caption(facts: Facts, choose: Choose) -> str:
    """A caption whose synonyms and joints are picked by `choose`; zero is always plain."""
    between = {(fact.first, fact.second): fact.relation for fact in facts.relations}
    tags = choose(6) == 1
    text = ""
    for at, item in enumerate(facts.objects):
        relation = between.get((at - 1, at))
        if at:
            text += (
                f" {_said(Kind.RELATION, relation, choose)} " if relation else _joint(tags, choose)
            )
        text += _object(item, choose, article=not tags)
    if facts.background is None:
        return text
    ground = _word(Kind.BACKGROUND, facts.background, choose)
    form = _BACKGROUND_FORMS[choose(len(_BACKGROUND_FORMS))] if text else "a {} background"
    return text + form.format(ground)


def _joint(tags: bool, choose: Choose) -> str:
    return ", " if tags or choose(4) == 1 else " and "


def _word(kind: Kind, value: str, choose: Choose) -> str:
    words = SYNONYMS[kind][value]
    pick = choose(2 * len(words))  # half of the time the plain word
    return words[pick] if pick < len(words) else words[0]


def _said(kind: Kind, value: str, choose: Choose) -> str:
    said = _word(kind, value, choose)
    return _RELATION.get(said, said)


def _object(item: ObjectFacts, choose: Choose, *, article: bool) -> str:
    words = [
        _word(kind, value, choose)
        for kind, value in ((Kind.SIZE, item.size), (Kind.COLOUR, item.colour))
        if value is not None
    ]
    words.append("shape" if item.shape is None else _word(Kind.SHAPE, item.shape, choose))
    phrase = " ".join(words)
    if article:
        phrase = f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
    return phrase if item.place is None else f"{phrase} {_place(item.place, choose)}"


def _place(place: str, choose: Choose) -> str:
    word = _word(Kind.PLACE, place, choose)
    if word in ("centered", "centred"):
        return word
    preposition = {"center": "in", "top": "at", "bottom": "at"}.get(place, "on")
    return f"{'in' if ' ' in place else preposition} the {word}{' corner' if ' ' in place else ''}"
