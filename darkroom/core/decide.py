"""What to do next: try again, accept, or give up. The decisions of the loop.

Owns the closed union of steps and the choice between them, as a pure function of
the plan and of what was tried. Always ends: every step is one iteration nearer to
the budget. Knows no server, no model and no clock; a seed is drawn from the run's
own name, so that a resumed run takes the same decisions again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from darkroom.core.evaluation import Evaluation
from darkroom.core.tuning import (
    CFG_STEP,
    FIXED_RULES,
    Direction,
    Settings,
    SimilarityRules,
    direction_of,
    nudged,
    retuned,
)
from darkroom.core.wording import Prompts, WordingRule, worded

Strategy = Literal["fixed", "predicate", "model"]
Repair = Literal["edit", "resample", "params", "prompt"]
Base = Literal["input", "best", "nothing"]

MAX_FAILURES_IN_A_ROW = 3
MOST_CFG_STEPS = 2
"""So many steps is cfg raised when better words alone do not help; more breaks pictures up."""
_MAX_SEED = 2**63
_EDIT_DENOISE = {"low": 0.35, "medium": 0.5, "high": 0.65}


class Rule(WordingRule, Protocol):
    """A criterion, as far as repairing a failure goes."""

    @property
    def field(self) -> str:
        """Return its name."""
        ...

    @property
    def on_fail(self) -> Repair | None:
        """Return the repair the rules file names, if any."""
        ...

    @property
    def edit_strength(self) -> Literal["low", "medium", "high"] | None:
        """Return how far an edit may go."""
        ...


@dataclass(frozen=True)
class Plan:
    """What a run set out to do."""

    run_id: str
    rules: tuple[Rule, ...]
    budget: int
    settings: Settings
    prompts: Prompts
    base: Base
    strategy: Strategy = "fixed"
    fixed_seed: bool = False
    """The configuration names a seed: it is kept as long as something else changes."""
    similarity: SimilarityRules = FIXED_RULES


@dataclass(frozen=True)
class Tried:
    """One iteration as it went; `evaluation` None means it gave no image to judge."""

    iteration: int
    settings: Settings
    prompts: Prompts
    base: Base
    evaluation: Evaluation | None
    similarity: float | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Try:
    """Make one more iteration."""

    iteration: int
    settings: Settings
    prompts: Prompts
    base: Base
    reword: tuple[str, ...] = ()
    """Failed criteria for which a model should be asked for better prompts first."""
    suggest: Direction | None = None
    """A model should be asked for settings that change more, or less."""
    why: str = "first iteration"


@dataclass(frozen=True)
class Accept:
    """Stop: this iteration meets every criterion."""

    iteration: int


@dataclass(frozen=True)
class GiveUp:
    """Stop without acceptance; `best` is the iteration to keep, if there is one."""

    best: int | None
    why: str


Step: TypeAlias = Try | Accept | GiveUp


def next_step(plan: Plan, history: Sequence[Tried]) -> Step:
    """Decide what follows from all that was tried."""
    if not history:
        return _first(plan)
    last = history[-1]
    if last.evaluation is not None and last.evaluation.accepted:
        return Accept(last.iteration)
    best = best_of(history)
    kept = best.iteration if best else None
    if last.iteration >= plan.budget:
        return GiveUp(kept, f"the budget of {plan.budget} iterations is spent")
    if _failing(history):
        return GiveUp(kept, f"{MAX_FAILURES_IN_A_ROW} iterations in a row gave no image")
    return _fresh(plan, history, _again(plan, history, best))


def best_of(history: Sequence[Tried]) -> Tried | None:
    """Return the iteration with the highest score; between equals, the earlier."""
    judged = [tried for tried in history if tried.evaluation is not None]
    return max(judged, key=_rank, default=None)


def _rank(tried: Tried) -> tuple[float, int]:
    score = tried.evaluation.score if tried.evaluation else -1.0
    return score, -tried.iteration


def drawn_seed(run_id: str, iteration: int) -> int:
    """Draw a seed that the same run draws again when it is resumed."""
    digest = hashlib.sha256(f"{run_id}/{iteration}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _MAX_SEED


def _first(plan: Plan) -> Step:
    if plan.budget < 1:
        return GiveUp(None, "the budget allows no iteration")
    seed = plan.settings.seed if plan.fixed_seed else drawn_seed(plan.run_id, 1)
    prompts = worded(plan.prompts, plan.rules)
    return Try(1, replace(plan.settings, seed=seed), prompts, plan.base)


def _failing(history: Sequence[Tried]) -> bool:
    recent = history[-MAX_FAILURES_IN_A_ROW:]
    return len(recent) == MAX_FAILURES_IN_A_ROW and all(t.evaluation is None for t in recent)


def _again(plan: Plan, history: Sequence[Tried], best: Tried | None) -> Try:
    """Choose the next attempt by the plan's strategy; its seed is settled afterwards."""
    last = history[-1]
    number = last.iteration + 1
    if last.evaluation is None or best is None:
        why = f"iteration {last.iteration} gave no image: {last.failure or 'unknown cause'}"
        return Try(number, last.settings, last.prompts, plan.base, why=why)
    failed = last.evaluation.failed
    if plan.strategy == "predicate":
        return _repaired(plan, history, best, number)
    why = f"failed: {', '.join(failed)}"
    settings, suggest = _resettled(plan, last)
    return Try(number, settings, last.prompts, plan.base, failed, suggest, why)


def _resettled(plan: Plan, last: Tried) -> tuple[Settings, Direction | None]:
    """Follow the fixed rule for similarity, or leave the settings for a model to suggest."""
    direction = direction_of(last.similarity, plan.similarity)
    rules = plan.similarity
    chooser = rules.too_similar if direction == "more" else rules.too_different
    if direction and (plan.strategy == "model" or chooser == "model"):
        return last.settings, direction
    return retuned(last.settings, direction, rules), None


def _repaired(plan: Plan, history: Sequence[Tried], best: Tried, number: int) -> Try:
    """Send each failure to the repair its rule names; the most far-reaching one wins."""
    last = history[-1]
    failed = last.evaluation.failed if last.evaluation else ()
    rules = [rule for rule in plan.rules if rule.field in failed]
    repairs = {rule.on_fail or "prompt" for rule in rules}
    why = f"failed: {', '.join(failed)}"
    if "resample" in repairs:
        return Try(number, plan.settings, last.prompts, plan.base, why=f"{why}; drawn anew")
    if "prompt" in repairs:
        return _reworded(plan, history, rules, why)
    if "params" in repairs:
        settings = nudged(last.settings, 0.0, CFG_STEP)
        return Try(number, settings, last.prompts, plan.base, why=f"{why}; cfg raised")
    strengths = [_EDIT_DENOISE[rule.edit_strength or "medium"] for rule in rules]
    settings = replace(plan.settings, denoise=max(strengths, default=_EDIT_DENOISE["medium"]))
    return Try(number, settings, best.prompts, "best", why=f"{why}; edits the best image")


def _reworded(plan: Plan, history: Sequence[Tried], rules: Sequence[Rule], why: str) -> Try:
    """Ask for better words; where they did not help, let both prompts weigh more as well."""
    last = history[-1]
    raised = min(_in_vain(history), MOST_CFG_STEPS)
    settings = nudged(plan.settings, 0.0, raised * CFG_STEP)
    why = f"{why}; reworded" + (f", cfg {settings.cfg:g}" if raised else "")
    reword = tuple(rule.field for rule in rules)
    return Try(last.iteration + 1, settings, last.prompts, plan.base, reword=reword, why=why)


def _in_vain(history: Sequence[Tried]) -> int:
    """How many iterations before the last failed in a criterion that still fails."""
    judged = [set(t.evaluation.failed) for t in reversed(history) if t.evaluation is not None]
    still, count = judged[0], 0
    for failed in judged[1:]:
        still = still & failed
        if not still:
            break
        count += 1
    return count


def _fresh(plan: Plan, history: Sequence[Tried], step: Try) -> Try:
    """Settle the seed: a fixed one stays while it gives a new picture, others are drawn."""
    kept = replace(step.settings, seed=plan.settings.seed)
    seen = [(tried.settings, tried.prompts, tried.base) for tried in history]
    asks = bool(step.reword or step.suggest)
    repeats = (kept, step.prompts, step.base) in seen and not asks
    if plan.fixed_seed and step.base == plan.base and not repeats:
        return replace(step, settings=kept)
    return replace(
        step, settings=replace(step.settings, seed=drawn_seed(plan.run_id, step.iteration))
    )
