"""What an image of an experiment scores: by the project's rules, by quality, or both.

Owns who is asked, what the sidecar says of it, and the identity of the judging: a score
given by other rules or another judge is not the same score, so that image is judged again.
"""

import hashlib
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from darkroom.adapters.image_encoding import limit
from darkroom.adapters.projects import Project
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.adapters.vision.chat import Usage
from darkroom.adapters.vision.judge import Asking, Judge
from darkroom.adapters.wiring import judge_of
from darkroom.core.answers import Answer
from darkroom.core.canonical import canonical_json
from darkroom.core.errors import UsageError
from darkroom.core.evaluation import Evaluation, evaluate
from darkroom.core.experiments.declaration import Experiment
from darkroom.core.jobs import EngineReceipt
from darkroom.core.keys import sidecar_key
from darkroom.core.sidecar import moment, read_any
from darkroom.generating.judging import Jury, jury_of, parts_of
from darkroom.generating.refining import refinement_table
from darkroom.generating.request import Request
from darkroom.runs import records
from darkroom.writepath.desk import Desk, Stored

_ID_DIGITS = 12


@dataclass(frozen=True)
class Verdict:
    """What one image scored."""

    score: float | None
    passed: bool | None
    parts: Mapping[str, object]
    """Of its sidecar."""


@dataclass(frozen=True)
class Judging:
    """Everyone who judges the images of one experiment; several threads may ask."""

    identity: str | None
    """None where nobody judges."""
    threshold: float
    """The quality score that passes."""
    rules: "_Bench | None"
    jury: Jury | None
    desk: Desk

    @property
    def asked(self) -> dict[str, object]:
        """What the intent of a job says was asked for."""
        if self.identity is None:
            return {}
        return {"experiment": self.identity, **(self.jury.asked if self.jury else {})}

    def of_stored(self, stored: Stored) -> Verdict:
        """Judge an image before it is committed."""
        score = passed = None
        parts: dict[str, object] = {}
        if self.jury is not None:
            found = self.jury.of_picture(stored)
            self.jury.forget(stored.intent.image_key)  # a long run would remember every image
            parts |= parts_of(found)
            score, passed = self._by_quality(found.composite_score)
        if self.rules is not None:
            intent = stored.intent
            said = self.rules.said(stored.picture.data)
            score, passed = said.score, said.evaluation.accepted if said.score is not None else None
            at = moment(self.desk.now())
            parts |= {"iteration": said.block(intent.iteration, at), "cost": dict(said.usage)}
        return Verdict(score, passed, parts)

    def of_committed(self, store: Store, image_key: str) -> Verdict:
        """Judge an image that is committed already; its sidecar stays as it is."""
        score = passed = None
        if self.jury is not None:
            found = self.jury.of_committed(store, image_key)
            score, passed = self._by_quality(found.composite_score)
        if self.rules is not None:
            key = sidecar_key(image_key)
            known = read_any(store.get(key), key=key).sidecar.identity
            said = self.rules.said(read_verified(store, image_key, known.sha256 or ""))
            score, passed = said.score, said.evaluation.accepted if said.score is not None else None
        return Verdict(score, passed, {})

    def _by_quality(self, score: float | None) -> tuple[float | None, bool | None]:
        return score, None if score is None else score >= self.threshold


@dataclass(frozen=True)
class _Said:
    """The answers of a judge, evaluated."""

    answers: Mapping[str, object]
    evaluation: Evaluation
    score: float | None
    asking: Asking
    usage: Mapping[str, int]

    def block(self, iteration: int, at: str) -> dict[str, object]:
        """S2's iteration block of the sidecar."""
        odds = {v.field: v.p_yes for v in self.evaluation.verdicts if v.p_yes is not None}
        receipt = records.receipt(self.asking)
        return {
            "iteration": iteration,
            "timestamp": at,
            "questions": dict(self.answers),
            "evaluation": {
                "overall_score": self.score,
                "criteria_results": {v.field: v.passed for v in self.evaluation.verdicts},
                "probabilities": odds,
            },
            "aivis_metadata": {**receipt, "model": receipt["model"] or None},
        }


class _Bench:
    """The project's judge with the project's rules."""

    def __init__(self, judge: Judge, project: Project, original: bytes | None) -> None:
        self._judge = judge
        self._project = project
        self._original = original
        self._described: str | None = None
        self._describing = threading.Lock()

    def said(self, data: bytes) -> _Said:
        """What the judge says of one image."""
        rules, original = self._project.rules, self._description()
        seen, usage = self._shown(data), Usage(0)
        opened: dict[str, Answer] = {}
        if rules.questions:
            told = self._judge.answer(seen, rules.questions, original)
            opened, usage = told.result, told.asking.usage
        verdicts = self._judge.verdicts(seen, rules.acceptance_criteria, opened, original)
        usage += verdicts.asking.usage
        evaluation = evaluate(rules.acceptance_criteria, verdicts.result)
        answers = records.values(opened) | records.values(verdicts.result)
        score = records.judged_score(evaluation)
        return _Said(answers, evaluation, score, verdicts.asking, _counted(usage))

    def _shown(self, data: bytes) -> bytes:
        """The image as it leaves for a judge; one on this machine sees every pixel."""
        aivis = self._project.aivis
        return data if aivis.provider == "embedded" else limit(data, aivis.max_image_px)

    def _description(self) -> str:
        """The input image in words, asked for once."""
        if self._original is None:
            return ""
        with self._describing:
            if self._described is None:
                self._described = self._judge.describe(self._shown(self._original)).result
            return self._described


def _counted(usage: Usage) -> dict[str, int]:
    return {"calls": usage.calls, "tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out}


@contextmanager
def judging_of(
    lab: Lab, project: Project, experiment: Experiment, desk: Desk, receipt: EngineReceipt
) -> Generator[Judging]:
    """Everyone the experiment asks."""
    told = experiment.declared
    by_rules, by_quality = told.judge in ("rules", "both"), told.judge in ("scores", "both")
    if by_rules and not project.rules.acceptance_criteria:
        message = f"project {project.name!r} has no acceptance criteria to judge by"
        raise UsageError("experiment-judge", message)
    request = Request(project=project.name, scores=by_quality)
    original = project.input_image.read_bytes() if project.input_image else None
    with jury_of(lab, request, receipt) as jury:
        bench = _Bench(judge_of(lab, project), project, original) if by_rules else None
        threshold = told.refine.threshold if told.refine else None
        if threshold is None:
            threshold = refinement_table().threshold
        identity = _identity(project, jury, threshold, by_rules=by_rules)
        yield Judging(identity, threshold, bench, jury, desk)


def _identity(
    project: Project, jury: Jury | None, threshold: float, *, by_rules: bool
) -> str | None:
    about: dict[str, object] = {}
    if by_rules:
        rules, aivis = project.rules, project.aivis
        about["criteria"] = [each.model_dump(mode="json") for each in rules.acceptance_criteria]
        about["questions"] = [each.model_dump(mode="json") for each in rules.questions]
        about["judge"] = [aivis.provider, aivis.model]
    if jury is not None:
        about["scores"], about["threshold"] = jury.asked["scores"], threshold
    if not about:
        return None
    return hashlib.sha256(canonical_json(about)).hexdigest()[:_ID_DIGITS]
