import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.fleet.choosing import Bench, Lot, Needs, can_draw, choose, is_stranded, may_take

A, B = Bench("a", "x"), Bench("b", "y")


def lot(model, first, count=1, **needs):
    return Lot(Needs(model, **needs), first, count)


@pytest.mark.parametrize(
    ("bench", "lots", "busy_with", "chosen"),
    [
        (A, [lot("y", 0), lot("x", 1)], {"y"}, "x"),
        (A, [lot("y", 0), lot(None, 1), lot("x", 2)], {"y"}, None),
        (A, [lot("y", 0, 9), lot("z", 1, 2), lot("w", 2, 3)], {"y"}, "w"),
        (A, [lot("y", 0, 1), lot("z", 1, 5)], {"y", "z"}, "z"),
        (A, [lot("y", 4, 5), lot("z", 1, 5)], {"y", "z"}, "z"),
        (Bench("a"), [lot("y", 0), lot("x", 1)], (), "y"),
    ],
    ids=["its-own", "no-model", "unclaimed", "helps-the-largest", "oldest-of-equals", "fresh"],
)
def test_a_server_takes_its_own_model_then_an_unclaimed_one_then_helps(
    bench, lots, busy_with, chosen
):
    found = choose(bench, lots, [B], busy_with)
    assert found is not None
    assert found.needs.model == chosen


def test_there_may_be_nothing_for_a_server():
    assert choose(A, [], [], ()) is None
    assert choose(A, [lot("x", 0, hosts=frozenset("b"))], [B], ()) is None


@pytest.mark.parametrize(
    ("bench", "needs", "can"),
    [
        (Bench("a"), Needs("m"), True),
        (Bench("a"), Needs("m", hosts=frozenset("b")), False),
        (Bench("a"), Needs("m", refused_by=frozenset("a")), False),
        (Bench("a", models=("sdxl/*",)), Needs("sdxl/base"), True),
        (Bench("a", models=("sdxl/*",)), Needs("sdxl\\base"), True),
        (Bench("a", models=("sdxl\\*",)), Needs("sdxl/base"), True),
        (Bench("a", models=("sdxl/*",)), Needs("flux"), False),
        (Bench("a", models=()), Needs(None), True),
    ],
)
def test_selectors_models_and_refusals_decide_who_can_draw(bench, needs, can):
    assert can_draw(bench, needs) is can
    assert is_stranded(needs, [bench]) is not can


def test_what_a_server_lost_goes_to_another_unless_there_is_none():
    needs = Needs("m", lost_on=frozenset("a"))
    assert not may_take(A, needs, [B])
    assert may_take(B, needs, [A])
    assert may_take(A, needs, [])
    assert may_take(A, Needs("m", lost_on=frozenset("ab")), [B])


_lots = st.lists(
    st.builds(
        Lot,
        st.builds(Needs, st.sampled_from(["x", "y", "z", None])),
        st.integers(0, 99),
        st.integers(1, 9),
    ),
    max_size=6,
)


@given(lots=_lots, busy_with=st.sets(st.sampled_from("xyz")))
def test_no_server_is_idle_while_there_is_something_it_can_draw(lots, busy_with):
    found = choose(A, lots, [B], busy_with)
    assert (found is None) == (not lots)
    assert found is None or found in lots
