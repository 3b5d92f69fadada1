"""A judge that asks a language model with eyes.

Owns how questions become requests: open ones all in one, criteria one by one as
yes or no where the server tells probabilities, else all in one against a schema.
What the reply says has no authority: it is read into typed answers or unknown.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from darkroom.adapters.vision.chat import ChatRequest, Usage
from darkroom.adapters.vision.fallback import Panel, Reached
from darkroom.adapters.vision.judge import Asking, Comparison, Judged, Wish
from darkroom.adapters.vision.replies import json_object
from darkroom.core.answers import Answer, answers_schema, read_answers, unknown
from darkroom.core.config.prompts import PromptTemplates, filled
from darkroom.core.config.rules import Criterion, Question
from darkroom.core.odds import YesOdds, join_polarities, yes_odds
from darkroom.core.text import shortened
from darkroom.core.tuning import CFG_RANGE, DENOISE_RANGE, Settings, clamped
from darkroom.core.wording import Prompts

T = TypeVar("T")

_RAW_LIMIT = 8_000
_PROMPT_LIMIT = 4_000
_TEXTS = {"type": "array", "items": {"type": "string"}}
_COMPARISON = {
    "type": "object",
    "properties": {
        "similarity": {"type": "number", "minimum": 0, "maximum": 1},
        "differences": _TEXTS,
        "analysis": {"type": "string"},
    },
    "required": ["similarity", "differences", "analysis"],
    "additionalProperties": False,
}
_PROMPTS = {
    "type": "object",
    "properties": {"positive": {"type": "string"}, "negative": {"type": "string"}},
    "required": ["positive", "negative"],
    "additionalProperties": False,
}
_SETTINGS = {
    "type": "object",
    "properties": {"denoise": {"type": "number"}, "cfg": {"type": "number"}},
    "required": ["denoise", "cfg"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class ModelJudge:
    """A vision model, the texts it is asked with, and its understudy."""

    panel: Panel
    templates: PromptTemplates
    at_once: int = 1
    """How many criteria are asked at a time."""

    def describe(self, image: bytes) -> Judged[str]:
        """Say in words what an image shows."""
        reached = self._ask(self.templates.describe_original, {}, (image,))
        return _judged(reached, reached.reply.text.strip())

    def answer(
        self, image: bytes, questions: Sequence[Question], original: str
    ) -> Judged[dict[str, Answer]]:
        """Answer all open questions in one request."""
        values = {"questions": _listed(questions), "original_description": original}
        reached = self._ask(
            self.templates.answer_questions, values, (image,), answers_schema(questions)
        )
        read = read_answers(questions, json_object(reached.reply.text))
        return _judged(reached, {answer.field: answer for answer in read})

    def verdicts(
        self,
        image: bytes,
        criteria: Sequence[Criterion],
        answers: Mapping[str, Answer],
        original: str,
    ) -> Judged[dict[str, Answer]]:
        """Answer criteria by probability where offered, the rest in one request."""
        by_odds = self._by_odds(image, criteria, original)
        rest = [criterion for criterion in criteria if criterion.field not in by_odds.result]
        if not rest:
            return by_odds
        values = {
            "criteria": _listed(rest),
            "answers": json.dumps({name: answer.value for name, answer in answers.items()}),
            "original_description": original,
        }
        unbounded = [criterion.model_copy(update={"min": None, "max": None}) for criterion in rest]
        reached = self._ask(
            self.templates.evaluate_criteria, values, (image,), answers_schema(unbounded)
        )
        read = read_answers(unbounded, json_object(reached.reply.text))
        joined = by_odds.result | {answer.field: answer for answer in read}
        judged = _judged(reached, joined)
        usage = judged.asking.usage + by_odds.asking.usage
        return replace(judged, asking=replace(judged.asking, usage=usage))

    def _by_odds(
        self, image: bytes, criteria: Sequence[Criterion], original: str
    ) -> Judged[dict[str, Answer]]:
        """Ask each yes/no criterion alone, unless the first reply has no probabilities."""
        first = self.panel.first
        asking = Asking(first.provider, first.model, usage=Usage(0))
        yes_no = [criterion for criterion in criteria if criterion.type == "boolean"]
        found: dict[str, Answer] = {}
        for answer, asked in self._each(image, yes_no, original):
            asking = _summed(asking, asked)
            if answer is not None:
                found[answer.field] = answer
        return Judged(found, asking)

    def _each(
        self, image: bytes, criteria: Sequence[Criterion], original: str
    ) -> Iterator[tuple[Answer | None, Asking]]:
        """The first criterion alone, for what it tells of the server; the rest side by side."""

        def ask(criterion: Criterion) -> tuple[Answer | None, Asking]:
            return self._by_both_polarities(image, criterion, original)

        for criterion in criteria[:1]:
            answer, asking = ask(criterion)
            yield answer, asking
            if answer is not None:
                with ThreadPoolExecutor(self.at_once) as pool:
                    yield from pool.map(ask, criteria[1:])

    def _by_both_polarities(
        self, image: bytes, criterion: Criterion, original: str
    ) -> tuple[Answer | None, Asking]:
        values = {"question": criterion.question, "original_description": original}
        odds, asking = self._odds(self.templates.ask_criterion, values, image)
        if odds is None:
            return None, asking
        reverse, asked = self._odds(self.templates.ask_criterion_reversed, values, image)
        joined = join_polarities(odds, reverse) if reverse else odds
        return _from_odds(criterion.field, joined), _summed(asking, asked)

    def _odds(
        self, template: str, values: Mapping[str, str], image: bytes
    ) -> tuple[YesOdds | None, Asking]:
        request = ChatRequest(self._text(template, values), (image,), odds=True)
        reached = self.panel.ask(request)
        odds = yes_odds(reached.reply.first_token or {})
        return odds, _asking(reached)

    def compare(self, original: bytes, image: bytes, description: str) -> Judged[Comparison]:
        """Say how alike two images are; an unreadable reply compares to nothing."""
        values = {"original_description": description}
        reached = self._ask(self.templates.compare_images, values, (original, image), _COMPARISON)
        return _judged(reached, _comparison(json_object(reached.reply.text) or {}))

    def improve(self, wish: Wish) -> Judged[Prompts]:
        """Write better prompts; keeps the present ones where the reply has none."""
        reached = self._ask(self.templates.improve_prompts, _wish_values(wish), (), _PROMPTS)
        found = json_object(reached.reply.text) or {}
        positive = _prompt(found.get("positive")) or wish.prompts.positive
        negative = _prompt(found.get("negative"))
        kept = wish.prompts.negative if negative is None else negative
        return _judged(reached, Prompts(positive, kept))

    def suggest(
        self, settings: Settings, prompts: Prompts, comparison: Comparison, direction: str
    ) -> Judged[Settings]:
        """Suggest denoise and cfg; whatever is said stays within the ranges."""
        values = {
            "parameters": json.dumps({"denoise": settings.denoise, "cfg": settings.cfg}),
            "similarity": str(comparison.similarity),
            "direction": direction,
            "positive": prompts.positive,
            "negative": prompts.negative,
            "comparison": comparison.analysis,
        }
        reached = self._ask(self.templates.suggest_parameters, values, (), _SETTINGS)
        found = json_object(reached.reply.text) or {}
        denoise = _within(found.get("denoise"), DENOISE_RANGE, settings.denoise)
        cfg = _within(found.get("cfg"), CFG_RANGE, settings.cfg)
        return _judged(reached, replace(settings, denoise=denoise, cfg=cfg))

    def _ask(
        self,
        template: str,
        values: Mapping[str, str],
        images: tuple[bytes, ...],
        schema: Mapping[str, object] | None = None,
    ) -> Reached:
        return self.panel.ask(ChatRequest(self._text(template, values), images, schema))

    def _text(self, template: str, values: Mapping[str, str]) -> str:
        return f"{self.templates.system}\n\n{filled(template, values)}"


def _listed(asked: Sequence[Question] | Sequence[Criterion]) -> str:
    return "\n".join(f"- {item.field} ({item.type}): {item.question}" for item in asked)


def _to_mend(failed: Sequence[Criterion]) -> str:
    """What failed, and how far the words may go to mend it."""
    verbs = {"change": "must change", "preserve": "must stay as in the original"}
    return "\n".join(
        f"- {rule.field} ({verbs[rule.intent]}, {rule.edit_strength} edit): {rule.question}"
        for rule in failed
    )


def _asking(reached: Reached) -> Asking:
    reply = reached.reply
    return Asking(
        provider=reply.provider,
        model=reply.model,
        using_fallback=reached.using_fallback,
        attempts=reply.attempts,
        error=reached.first_error,
        usage=reply.usage,
    )


def _judged(reached: Reached, result: T) -> Judged[T]:
    return Judged(result, _asking(reached), shortened(reached.reply.text, _RAW_LIMIT))


def _summed(before: Asking, now: Asking) -> Asking:
    return replace(
        now,
        using_fallback=before.using_fallback or now.using_fallback,
        attempts=max(before.attempts, now.attempts),
        error=now.error or before.error,
        usage=before.usage + now.usage,
    )


def _from_odds(field: str, odds: YesOdds) -> Answer:
    if odds.verdict is None:
        return replace(unknown(field, f"unsure: P(Yes) {odds.p_yes:.2f}"), p_yes=odds.p_yes)
    return Answer(field, odds.verdict, p_yes=odds.p_yes)


def _comparison(found: Mapping[str, object]) -> Comparison:
    similarity = found.get("similarity")
    number = float(similarity) if isinstance(similarity, int | float) else None
    told = found.get("differences")
    differences = cast("list[object]", told) if isinstance(told, list) else []
    return Comparison(
        similarity=number if number is not None and 0 <= number <= 1 else None,
        differences=tuple(str(item) for item in differences),
        analysis=str(found.get("analysis", "")),
    )


def _wish_values(wish: Wish) -> dict[str, str]:
    comparison = wish.comparison
    return {
        "positive": wish.prompts.positive,
        "negative": wish.prompts.negative,
        "failed_criteria": _to_mend(wish.failed),
        "evaluation": f"score {wish.evaluation.score:.0f} of 100",
        "comparison": f"{comparison.similarity}: {comparison.analysis}" if comparison else "none",
        "notes": "\n".join(wish.notes),
        "must_include": _terms(rule.must_include for rule in wish.failed),
        "ban_terms": _terms(rule.ban_terms for rule in wish.failed),
        "avoid_terms": _terms(rule.avoid_terms for rule in wish.failed),
    }


def _terms(groups: Iterable[Sequence[str]]) -> str:
    return ", ".join(term for group in groups for term in group)


def _prompt(value: object) -> str | None:
    return shortened(value.strip(), _PROMPT_LIMIT) if isinstance(value, str) else None


def _within(value: object, bounds: tuple[float, float], present: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return present
    return clamped(float(value), bounds)
