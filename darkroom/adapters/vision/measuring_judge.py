"""The measuring judge behind the same door as every other judge.

Owns the translation between the questions of a rules file and what was measured
in an image of the shape world. Costs nothing and asks nobody; what it cannot
measure is unknown.
"""

from collections.abc import Mapping, Sequence

from darkroom.adapters.images import decode
from darkroom.adapters.vision.chat import Usage
from darkroom.adapters.vision.judge import Asking, Comparison, Judged, Wish
from darkroom.adapters.vision.measuring import Answer as Reading
from darkroom.adapters.vision.measuring import Measured, answer, measure
from darkroom.core.answers import Answer, Asked, read_answer, unknown
from darkroom.core.config.rules import Criterion, Question
from darkroom.core.tuning import CFG_STEP, DENOISE_STEP, Settings
from darkroom.core.tuning import nudged as nudged_settings
from darkroom.core.wording import Prompts
from darkroom.core.world.advice import advised
from darkroom.core.world.likeness import likeness

_ASKING = Asking("embedded", "measuring", usage=Usage(0))
_DESCRIBE = "Describe the image."


class MeasuringJudge:
    """Reads an image by its pixels; knows only the shape world."""

    def describe(self, image: bytes) -> Judged[str]:
        """Say what was measured, in words."""
        return Judged(_seen(_measured(image)), _ASKING)

    def answer(
        self, image: bytes, questions: Sequence[Question], original: str
    ) -> Judged[dict[str, Answer]]:
        """Answer the open questions by measuring once."""
        measured = _measured(image)
        return Judged({asked.field: _answered(measured, asked) for asked in questions}, _ASKING)

    def verdicts(
        self,
        image: bytes,
        criteria: Sequence[Criterion],
        answers: Mapping[str, Answer],
        original: str,
    ) -> Judged[dict[str, Answer]]:
        """Answer the criteria; their bounds are judged afterwards, not here."""
        measured = _measured(image)
        unbounded = [asked.model_copy(update={"min": None, "max": None}) for asked in criteria]
        return Judged({asked.field: _answered(measured, asked) for asked in unbounded}, _ASKING)

    def compare(self, original: bytes, image: bytes, description: str) -> Judged[Comparison]:
        """Say how alike the two scenes are."""
        before, after = _measured(original), _measured(image)
        score, differences = likeness(before, after)
        analysis = f"before: {_seen(before)}; now: {_seen(after)}"
        return Judged(Comparison(score, differences, analysis), _ASKING)

    def improve(self, wish: Wish) -> Judged[Prompts]:
        """Push away from what was drawn by mistake."""
        seen = next((found.seen for found in wish.answers.values() if found.seen), "")
        return Judged(advised(wish.prompts, seen), _ASKING)

    def suggest(
        self, settings: Settings, prompts: Prompts, comparison: Comparison, direction: str
    ) -> Judged[Settings]:
        """Suggest what the fixed rule would do: measuring gives no better idea."""
        sign = 1 if direction == "more" else -1
        return Judged(nudged_settings(settings, sign * DENOISE_STEP, sign * CFG_STEP), _ASKING)


def _measured(image: bytes) -> Measured:
    return measure(decode(image).rgb())


def _seen(measured: Measured) -> str:
    return answer(measured, _DESCRIBE).value or "nothing"


def _answered(measured: Measured, asked: Asked) -> Answer:
    reading = answer(measured, asked.question)
    found = _read(asked, reading)
    return Answer(found.field, found.value, found.p_yes, found.reason, _seen(measured))


def _read(asked: Asked, reading: Reading) -> Answer:
    match reading.verdict:
        case "unknown":
            return unknown(asked.field, reading.reason)
        case "value":
            return read_answer(asked, reading.value)
        case "yes" | "no":
            return read_answer(asked, reading.verdict == "yes")
