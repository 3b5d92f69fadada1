from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.decide import (
    Accept,
    GiveUp,
    Plan,
    Repair,
    Step,
    Strategy,
    Tried,
    Try,
    best_of,
    drawn_seed,
    next_step,
)
from darkroom.core.evaluation import Evaluation, Verdict
from darkroom.core.tuning import FixedRules, Settings
from darkroom.core.wording import Prompts


@dataclass(frozen=True)
class Rule:
    field: str
    on_fail: Repair | None = None
    edit_strength: str | None = None
    must_include: tuple[str, ...] = ()
    ban_terms: tuple[str, ...] = ()
    avoid_terms: tuple[str, ...] = ()


SETTINGS = Settings(0.5, 7.0, 25, 99, "euler", "normal")
PLAN = Plan(
    "2026-01-09_22-25-59", (Rule("suit"), Rule("face")), 5, SETTINGS, Prompts("a", "b"), "input"
)


def judged(**passed: bool) -> Evaluation:
    verdicts = tuple(Verdict(name, value) for name, value in passed.items())
    return Evaluation(verdicts, 100 * sum(passed.values()) / len(passed))


def tried(step: Step, evaluation: Evaluation | None, similarity: float | None = None) -> Tried:
    assert isinstance(step, Try)
    failure = None if evaluation else "server fell over"
    return Tried(
        step.iteration, step.settings, step.prompts, step.base, evaluation, similarity, failure
    )


def after(
    plan: Plan, *outcomes: tuple[Evaluation | None, float | None]
) -> tuple[Step, list[Tried]]:
    history: list[Tried] = []
    for evaluation, similarity in outcomes:
        history.append(tried(next_step(plan, history), evaluation, similarity))
    return next_step(plan, history), history


def test_the_first_iteration_applies_the_rules_to_the_prompts() -> None:
    plan = replace(PLAN, rules=(Rule("suit", must_include=("suit",), avoid_terms=("jeans",)),))
    step = next_step(plan, [])
    assert isinstance(step, Try)
    assert step.prompts == Prompts("a, suit", "b, jeans")
    assert (step.iteration, step.base) == (1, "input")


def test_accepts_as_soon_as_every_criterion_passes() -> None:
    assert after(PLAN, (judged(suit=True, face=True), 0.5))[0] == Accept(1)


def test_gives_up_with_the_best_when_the_budget_is_spent() -> None:
    half, none = judged(suit=True, face=False), judged(suit=False, face=False)
    step, _ = after(PLAN, (none, 0.5), (half, 0.5), (none, 0.5), (half, 0.5), (none, 0.5))
    assert step == GiveUp(2, "the budget of 5 iterations is spent")


def test_no_budget_is_no_iteration() -> None:
    assert next_step(replace(PLAN, budget=0), []) == GiveUp(None, "the budget allows no iteration")


def test_an_iteration_without_an_image_is_skipped_and_the_run_goes_on() -> None:
    step, _ = after(PLAN, (None, None))
    assert isinstance(step, Try)
    assert step.why == "iteration 1 gave no image: server fell over"


def test_three_iterations_without_an_image_end_the_run() -> None:
    step, _ = after(PLAN, (judged(suit=False), 0.5), (None, None), (None, None), (None, None))
    assert step == GiveUp(1, "3 iterations in a row gave no image")


def test_the_fixed_strategy_moves_the_settings_and_asks_for_better_words() -> None:
    step, _ = after(PLAN, (judged(suit=False, face=True), 0.9))
    assert isinstance(step, Try)
    assert (step.settings.denoise, step.settings.cfg) == (0.55, 8.0)
    assert step.reword == ("suit",)
    assert step.why == "failed: suit"


@pytest.mark.parametrize(
    ("strategy", "rules", "similarity", "asked"),
    [
        ("fixed", FixedRules(), 0.9, None),
        ("fixed", FixedRules(too_similar="model"), 0.9, "more"),
        ("fixed", FixedRules(too_similar="model"), 0.1, None),
        ("fixed", FixedRules(too_different="model"), 0.1, "less"),
        ("model", FixedRules(), 0.9, "more"),
        ("model", FixedRules(), 0.5, None),
    ],
)
def test_a_model_is_asked_for_settings_where_the_configuration_says_so(
    strategy: Strategy, rules: FixedRules, similarity: float, asked: str | None
) -> None:
    plan = replace(PLAN, strategy=strategy, similarity=rules)
    step, _ = after(plan, (judged(suit=False), similarity))
    assert isinstance(step, Try)
    assert step.suggest == asked
    assert (step.settings.denoise == 0.5) == (asked is not None or similarity == 0.5)


@pytest.mark.parametrize(
    ("repair", "strength", "base", "denoise", "cfg", "reword"),
    [
        ("edit", None, "best", 0.5, 7.0, ()),
        ("edit", "low", "best", 0.35, 7.0, ()),
        ("edit", "high", "best", 0.65, 7.0, ()),
        ("resample", None, "input", 0.5, 7.0, ()),
        ("params", None, "input", 0.5, 8.0, ()),
        ("prompt", None, "input", 0.5, 7.0, ("suit",)),
        (None, None, "input", 0.5, 7.0, ("suit",)),
    ],
)
def test_the_predicate_strategy_repairs_as_the_failed_rule_says(
    repair: Repair | None,
    strength: str | None,
    base: str,
    denoise: float,
    cfg: float,
    reword: object,
) -> None:
    rules = (Rule("suit", repair, strength), Rule("face", "resample"))
    plan = replace(PLAN, strategy="predicate", rules=rules)
    step, _ = after(plan, (judged(suit=False, face=True), 0.9))
    assert isinstance(step, Try)
    assert (step.base, step.settings.denoise, step.settings.cfg) == (base, denoise, cfg)
    assert step.reword == reword


def test_one_global_failure_outweighs_a_local_one() -> None:
    rules = (Rule("suit", "edit"), Rule("face", "resample"))
    plan = replace(PLAN, strategy="predicate", rules=rules)
    step, _ = after(plan, (judged(suit=False, face=False), 0.5))
    assert isinstance(step, Try)
    assert step.base == "input"
    assert step.why.endswith("drawn anew")


def test_a_fixed_seed_stays_while_something_else_changes() -> None:
    plan = replace(PLAN, fixed_seed=True)
    step, history = after(plan, (judged(suit=False), 0.9))
    assert history[0].settings.seed == 99
    assert isinstance(step, Try)
    assert step.settings.seed == 99


def test_a_fixed_seed_gives_way_when_it_would_draw_the_same_picture_again() -> None:
    plan = replace(PLAN, fixed_seed=True, strategy="predicate", rules=(Rule("suit", "resample"),))
    step, _ = after(plan, (judged(suit=False), 0.5))
    assert isinstance(step, Try)
    assert step.settings.seed == drawn_seed(plan.run_id, 2)


def test_seeds_are_drawn_anew_and_the_same_again_on_resuming() -> None:
    first, _ = after(PLAN, (judged(suit=False), 0.5))
    second, _ = after(PLAN, (judged(suit=False), 0.5))
    assert first == second
    assert drawn_seed("a", 1) != drawn_seed("a", 2) != drawn_seed("b", 2)


def test_the_best_is_the_highest_and_earliest() -> None:
    _, history = after(PLAN, (judged(a=False), 0), (judged(a=True, b=False), 0), (None, None))
    assert best_of(history) == history[1]
    assert best_of([]) is None
    assert best_of(history[2:]) is None


OUTCOMES = st.lists(
    st.tuples(
        st.none() | st.booleans().map(lambda passed: judged(suit=passed, face=False)),
        st.none() | st.floats(0, 1),
    ),
    min_size=30,
    max_size=30,
)


@given(
    OUTCOMES,
    st.integers(0, 25),
    st.sampled_from(["fixed", "predicate", "model"]),
    st.sampled_from([None, "edit", "resample", "params", "prompt"]),
    st.booleans(),
)
def test_a_run_always_ends_within_its_budget_and_ranges(
    outcomes: list[tuple[Evaluation | None, float | None]],
    budget: int,
    strategy: Strategy,
    repair: Repair | None,
    fixed_seed: bool,
) -> None:
    plan = replace(
        PLAN,
        budget=budget,
        strategy=strategy,
        fixed_seed=fixed_seed,
        rules=(Rule("suit", repair), Rule("face", repair)),
    )
    history: list[Tried] = []
    while isinstance(step := next_step(plan, history), Try):
        assert step.iteration == len(history) + 1 <= budget
        assert 0 <= step.settings.denoise <= 1
        assert 1 <= step.settings.cfg <= 20
        assert 0 <= step.settings.seed < 2**64
        history.append(tried(step, *outcomes[len(history)]))
    assert isinstance(step, GiveUp)
    best = best_of(history)
    assert step.best == (best.iteration if best else None)


@pytest.mark.parametrize(
    ("failures", "cfg"),
    [
        (["suit"], 7.0),
        (["suit", "suit"], 8.0),
        (["suit", "suit", "suit"], 9.0),
        (["suit", "suit", "suit", "suit"], 9.0),
        (["suit", "face"], 7.0),
        (["suit", "suit", "face"], 7.0),
    ],
)
def test_both_prompts_weigh_more_as_long_as_better_words_do_not_help(
    failures: list[str], cfg: float
) -> None:
    plan = replace(PLAN, strategy="predicate", budget=9)
    outcomes = [(judged(suit=name != "suit", face=name != "face"), 0.5) for name in failures]
    step, _ = after(plan, *outcomes)
    assert isinstance(step, Try)
    assert step.settings.cfg == cfg
    assert step.why.endswith(f"reworded, cfg {cfg:g}" if cfg > 7 else "reworded")


def test_an_iteration_without_an_image_does_not_count_as_words_in_vain() -> None:
    plan = replace(PLAN, strategy="predicate", budget=9)
    failing = (judged(suit=False, face=True), 0.5)
    step, _ = after(plan, failing, (None, None), failing)
    assert isinstance(step, Try)
    assert step.settings.cfg == 8.0
