"""Answer a question from what was measured in a picture.

Owns the way from a question and a `Measured` to yes, no, a value or unknown,
with how sure it is and why. Unknown is an answer of its own, never a pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.measured import (
    SURE,
    Measured,
    MeasuredObject,
    Read,
    agrees,
    all_of,
    related,
    words_hold,
)
from darkroom.core.world.questions import (
    Describe,
    GroundIs,
    Holds,
    HowMany,
    Unreadable,
    Which,
    WhichGround,
    read_question,
)

Verdict = Literal["yes", "no", "value", "unknown"]


@dataclass(frozen=True)
class Answer:
    """The answer to one question; `value` is the text of an open answer."""

    verdict: Verdict
    confidence: float
    reason: str
    value: str | None = None


def answer(measured: Measured, question: str) -> Answer:
    """Answer a yes/no or open question in plain English."""
    match read_question(question):
        case Unreadable(words):
            return _unknown(f"not understood: {', '.join(words)}")
        case Holds() as holds:
            return _holds(measured, holds)
        case GroundIs(word):
            return _decided(measured, agrees(measured.background, word), _ground_text(measured))
        case open_question:
            return _open(measured, open_question)


def _open(measured: Measured, question: HowMany | WhichGround | Which | Describe) -> Answer:
    match question:
        case HowMany(item):
            return _count(measured, item)
        case WhichGround():
            return _read(measured.background, "background")
        case Which(attribute, item):
            return _which(measured, attribute, item)
        case _:
            value = f"{_things(measured)} on {measured.background.word}"
            return Answer("value", measured.confidence, "everything seen", value)


def _unknown(reason: str) -> Answer:
    return Answer("unknown", 0.0, reason)


def _things(measured: Measured) -> str:
    return ", ".join(str(item) for item in measured.objects) or "nothing"


def _ground_text(measured: Measured) -> str:
    return f"the background is {measured.background.word}"


def _decided(measured: Measured, truth: bool | None, reason: str) -> Answer:
    # with an unsure background even what counts as a thing is unsure
    if truth is None or (truth is False and not measured.background.sure):
        return _unknown(f"not sure: {reason}")
    verdict: Verdict = "yes" if truth else "no"
    return Answer(verdict, max(measured.confidence, SURE), reason)


def _holds(measured: Measured, question: Holds) -> Answer:
    facts = question.facts
    if question.exactly is not None:
        fitting = [_fits(seen, facts.objects[0]) for seen in measured.objects]
        truth: bool | None = (
            None if None in fitting else sum(map(bool, fitting)) == question.exactly
        )
    else:
        truth = _true_of(measured, facts)
    if facts.background is not None:
        truth = all_of(iter((truth, agrees(measured.background, facts.background))))
    if question.negated and truth is not None:
        truth = not truth
    return _decided(measured, truth, f"seen: {_things(measured)}; {_ground_text(measured)}")


def _true_of(measured: Measured, facts: Facts) -> bool | None:
    """Whether some choice of seen objects makes everything stated true."""
    open_ = False
    for chosen in permutations(measured.objects, len(facts.objects)):
        truth = _chosen_hold(chosen, facts)
        if truth:
            return True
        open_ = open_ or truth is None
    return None if open_ else False


def _chosen_hold(chosen: tuple[MeasuredObject, ...], facts: Facts) -> bool | None:
    fits = [_fits(seen, stated) for seen, stated in zip(chosen, facts.objects, strict=True)]
    links = [related(chosen[f.first], f.relation, chosen[f.second]) for f in facts.relations]
    return all_of(iter([*fits, *links]))


def _fits(seen: MeasuredObject, stated: ObjectFacts) -> bool | None:
    return all_of(truth for _, truth in words_hold(seen, stated))


def _count(measured: Measured, item: ObjectFacts) -> Answer:
    fitting = [_fits(seen, item) for seen in measured.objects]
    if None in fitting:
        return _unknown(f"not sure: seen {_things(measured)}")
    confidence = min((seen.confidence for seen in measured.objects), default=1.0)
    reason = f"seen: {_things(measured)}"
    return Answer("value", confidence, reason, str(sum(map(bool, fitting))))


def _read(read: Read, name: str) -> Answer:
    if not read.sure:
        return _unknown(f"the {name} is perhaps {read.word}, but not surely")
    return Answer("value", read.confidence, f"the {name} is {read.word}", read.word)


_READERS: dict[str, Callable[[MeasuredObject], Read]] = {
    "colour": lambda seen: seen.colour,
    "shape": lambda seen: seen.shape,
    "size": lambda seen: seen.size,
    "place": lambda seen: Read(seen.place or "between places", 1.0),
}


def _which(measured: Measured, attribute: str, item: ObjectFacts) -> Answer:
    fitting = [seen for seen in measured.objects if _fits(seen, item) is True]
    if len(fitting) != 1:
        return _unknown(f"{len(fitting)} objects fit the question; seen: {_things(measured)}")
    return _read(_READERS[attribute](fitting[0]), attribute)
