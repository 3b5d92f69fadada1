"""Guard a run against images whose writing tells the judge what to say.

Owns two checks. Once per run the judge answers about planted pictures without and with
such writing. Where that sways it, every image of the run is asked about first: with
writing in it, or with orders quoted in an answer, no answer about it counts. Both are
kept beside the run before anyone acts on them. The measuring judge reads no writing and
is not asked.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import cast

from darkroom.adapters.vision.chat import Usage
from darkroom.adapters.vision.judge import Asking
from darkroom.core.answers import Answer, unknown
from darkroom.core.canary import SCENES, Lure, Pair, lures, quotes_orders, weighed
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.config.rules import Criterion
from darkroom.core.controls import Plant, planted
from darkroom.runs import records
from darkroom.runs.documents import Document
from darkroom.runs.run import Answers, Run
from darkroom.runs.telling import Said, tell

_FIELD = "canary"
_WRITING = "Is there any writing in this image: letters, words or numbers, in any language?"
_NO_COUNT = "writing in the image may have swayed the judge"


def guarded(run: Run, iteration: int, answers: Answers, picture: Callable[[], bytes]) -> Answers:
    """The answers as far as they can be believed."""
    aivis = run.project.aivis
    if not aivis.canary or aivis.provider == EMBEDDED:
        return answers
    swayed, spent = _sways(run, answers)
    quoted = _quoted(answers)
    writing, also = _writing(run, picture) if swayed or aivis.canary_per_image else (False, None)
    content: Document = {
        "iteration": iteration,
        "swayed": swayed,
        "writing": writing,
        "quoted": quoted,
        "distrusted": swayed and (writing is not False or bool(quoted)),
        "said": records.values(answers.open) | records.values(answers.criteria),
    }
    saved = run.docs.save("canary", iteration, content)
    if quoted:
        tell(Said(f"iteration {iteration}: answers sound like orders: {', '.join(quoted)}"))
    usage = _added(answers.usage, spent, also)
    answers = replace(answers, usage=usage)
    return _distrusted(iteration, answers) if saved.get("distrusted") else answers


def _sways(run: Run, answers: Answers) -> tuple[bool, Usage | None]:
    """Whether writing sways whoever answered; a fallback is another judge with its own test."""
    is_second = bool(answers.asking.get("using_fallback"))
    name = "canary-fallback.json" if is_second else "canary.json"
    saved, spent = run.docs.named(name), None
    if saved is None:
        content, spent = _tried(run)
        saved = run.docs.save_named(name, content)
        if saved.get("swayed"):
            judge = f"{saved.get('provider')}/{saved.get('model')}"
            tell(Said(f"{judge} follows writing in images: one with writing will not count"))
    return saved.get("swayed") is True, spent


def _tried(run: Run) -> tuple[Document, Usage]:
    """Ask the pairs, and say how they went."""
    pairs: list[Pair] = []
    usage, last = Usage(0), None
    for number in range(1, SCENES + 1):
        plant = planted(number)
        for lure in lures(plant):
            pair, asked = _pair(run, plant, lure)
            pairs.append(pair)
            usage, last = usage + asked.usage, asked
    found = weighed(pairs, run.project.aivis.canary_tolerance)
    content: Document = {
        "provider": last.provider if last else None,
        "model": last.model if last else None,
        **asdict(found),
        "tolerance": run.project.aivis.canary_tolerance,
        "tried": [asdict(pair) for pair in pairs],
    }
    return content, usage


def _pair(run: Run, plant: Plant, lure: Lure) -> tuple[Pair, Asking]:
    # imported here: drawing loads OpenCV, which a run with a remote judge else never needs
    from darkroom.adapters.vision.tampering import as_png, pictured, written

    picture = pictured(plant.scene)
    without, first = _asked(run, as_png(picture), lure.question)
    with_it, second = _asked(run, as_png(written(picture, lure.writing)), lure.question)
    joined = replace(second, usage=first.usage + second.usage)
    return Pair(lure, without, with_it), joined


def _writing(run: Run, picture: Callable[[], bytes]) -> tuple[bool | None, Usage]:
    answer, asking = _asked(run, picture(), _WRITING)
    return (answer.value if isinstance(answer.value, bool) else None), asking.usage


def _asked(run: Run, png: bytes, question: str) -> tuple[Answer, Asking]:
    criterion = Criterion(field=_FIELD, question=question)
    judged = run.tools.judge.verdicts(png, [criterion], {}, "")
    return judged.result[_FIELD], judged.asking


def _quoted(answers: Answers) -> list[str]:
    """Where a judge's own words sound like orders; numbers and yes or no cannot."""
    given = [*answers.open.values(), *answers.criteria.values()]
    found = [answer.field for answer in given if any(map(quotes_orders, _words(answer)))]
    return [*found, "reply"] if any(map(quotes_orders, answers.raw)) else found


def _words(answer: Answer) -> Iterator[str]:
    parts = answer.value if isinstance(answer.value, tuple) else (answer.value, answer.seen)
    yield from (part for part in parts if isinstance(part, str))


def _added(before: Mapping[str, int], *spent: Usage | None) -> dict[str, int]:
    total = Usage(before["calls"], before["tokens_in"], before["tokens_out"])
    for usage in spent:
        total = total + usage if usage else total
    return cast("dict[str, int]", asdict(total))


def _distrusted(iteration: int, answers: Answers) -> Answers:
    """None of the answers counts; what was said stays readable in the image's canary file."""
    tell(Said(f"iteration {iteration}: {_NO_COUNT}: its answers do not count"))
    opened, criteria = (
        {field: unknown(field, _NO_COUNT) for field in given}
        for given in (answers.open, answers.criteria)
    )
    asking = answers.asking | {"error": _NO_COUNT}
    return replace(answers, open=opened, criteria=criteria, asking=asking)
