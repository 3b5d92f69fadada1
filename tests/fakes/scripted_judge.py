"""A judge that says what the script says, and writes down what it was asked.

The log lies in a folder, so that a resumed process counts on where the killed one stopped.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from darkroom.adapters.vision.chat import Usage
from darkroom.adapters.vision.judge import Asking, Comparison, Judged, Wish
from darkroom.core.answers import Answer
from darkroom.core.config.rules import Criterion, Question
from darkroom.core.errors import VisionError
from darkroom.core.tuning import Settings
from darkroom.core.wording import Prompts

ASKING = Asking("embedded", "scripted", usage=Usage(1, 10, 5))


class ScriptedJudge:
    """`script` holds, per image in order, the fields that pass; the last entry repeats."""

    def __init__(self, folder: Path, script: Sequence[Sequence[str]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "asked.log"
        self.script = script
        self.similarities: Sequence[float] = (0.5,)
        self.fails: set[str] = set()

    def asked(self, what: str | None = None) -> list[str]:
        """What was asked so far, as `verb sha` lines."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [line for line in lines if what is None or line.startswith(what)]

    def _note(self, verb: str, data: bytes | str) -> int:
        before = len(self.asked(verb))
        raw = data if isinstance(data, bytes) else data.encode()
        with self._log.open("a") as log:
            log.write(f"{verb} {hashlib.sha256(raw).hexdigest()}\n")
        if verb in self.fails:
            raise VisionError("vision-unreachable", "the scripted judge is away")
        return before

    def describe(self, image: bytes) -> Judged[str]:
        self._note("describe", image)
        return Judged("a scripted picture", ASKING)

    def answer(
        self, image: bytes, questions: Sequence[Question], original: str
    ) -> Judged[dict[str, Answer]]:
        self._note("answer", image)
        return Judged({asked.field: Answer(asked.field, 2) for asked in questions}, ASKING)

    def verdicts(
        self,
        image: bytes,
        criteria: Sequence[Criterion],
        answers: Mapping[str, Answer],
        original: str,
    ) -> Judged[dict[str, Answer]]:
        number = self._note("verdicts", image)
        passing = self.script[min(number, len(self.script) - 1)]
        said = {asked.field: Answer(asked.field, asked.field in passing) for asked in criteria}
        return Judged(said, ASKING)

    def compare(self, original: bytes, image: bytes, description: str) -> Judged[Comparison]:
        number = self._note("compare", image)
        value = self.similarities[min(number, len(self.similarities) - 1)]
        return Judged(Comparison(value, ("everything",), "scripted"), ASKING)

    def improve(self, wish: Wish) -> Judged[Prompts]:
        number = self._note("improve", json.dumps([wish.prompts.positive, wish.notes]))
        better = f"{wish.prompts.positive}, better {number + 1}"
        return Judged(Prompts(better, wish.prompts.negative), ASKING)

    def suggest(
        self, settings: Settings, prompts: Prompts, comparison: Comparison, direction: str
    ) -> Judged[Settings]:
        self._note("suggest", direction)
        return Judged(settings, ASKING)
