import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.fleet.health import (
    Answered,
    Cooling,
    DrainAsked,
    Drained,
    Draining,
    Gone,
    Healthy,
    Patience,
    Resumed,
    Served,
    Troubled,
    after,
    may_come_back,
    news,
    takes_orders,
)

PATIENCE = Patience(first_pause_s=5, growth=2, longest_pause_s=30, failures=4)
COOLING = Cooling(100.0, 2, "away", 90.0)
TROUBLE = Troubled("away", 100.0)


@pytest.mark.parametrize(
    ("health", "event", "then"),
    [
        (Healthy(2), Served(), Healthy(0)),
        (COOLING, Served(), COOLING),
        (Draining(), Served(), Draining()),
        (Healthy(), TROUBLE, Cooling(105.0, 1, "away", 100.0)),
        (Healthy(1, 80.0), TROUBLE, Cooling(110.0, 2, "away", 80.0)),
        (Healthy(), Troubled("stalled", 100.0, 3), Cooling(120.0, 3, "stalled", 100.0)),
        (Healthy(3), TROUBLE, Gone("away")),
        (COOLING, TROUBLE, Cooling(120.0, 3, "away", 90.0)),
        (COOLING, Troubled("the same outage", 99.0), COOLING),
        (Draining(), TROUBLE, Draining()),
        (Drained(), TROUBLE, Drained()),
        (COOLING, Answered(), Healthy(2, 90.0)),
        (Drained(), Answered(), Drained()),
        (Healthy(), DrainAsked(True), Draining()),
        (Draining(), DrainAsked(False), Drained()),
        (COOLING, DrainAsked(False), Drained()),
        (Draining(), Resumed(), Healthy()),
        (Drained(), Resumed(), Healthy()),
        (COOLING, Resumed(), COOLING),
        (Healthy(1), Resumed(), Healthy(1)),
        (Gone("away"), Answered(), Gone("away")),
        (Gone("away"), Resumed(), Gone("away")),
    ],
)
def test_each_event_leads_from_one_state_to_the_next(health, event, then):
    assert after(health, event, PATIENCE) == then


def test_only_a_healthy_server_takes_orders_and_one_that_cools_is_waited_for():
    states = [Healthy(), COOLING, Draining(), Drained(), Gone("x")]
    assert [takes_orders(state) for state in states] == [True, False, False, False, False]
    assert [may_come_back(state) for state in states] == [True, True, False, False, False]


@given(failures=st.integers(1, 60))
def test_pauses_grow_up_to_the_longest(failures):
    pause_s = PATIENCE.pause_s(failures)
    assert 5 <= pause_s <= 30
    assert pause_s <= PATIENCE.pause_s(failures + 1)


def test_a_server_that_fails_for_days_is_left_alone_for_no_longer():
    assert PATIENCE.pause_s(100_000) == 30


@given(gaps_s=st.lists(st.floats(0.1, 60), min_size=1, max_size=60), wait_s=st.floats(1, 600))
def test_a_server_that_is_waited_for_is_given_up_only_once_that_time_is_over(gaps_s, wait_s):
    patience = Patience(first_pause_s=0.05, longest_pause_s=0.05, failures=3, wait_s=wait_s)
    health, now_s = Healthy(), 0.0
    for count, gap_s in enumerate(gaps_s):
        health = after(health, Troubled("away", now_s), patience)
        assert isinstance(health, Gone) == (count >= 2 and now_s >= wait_s)
        if isinstance(health, Gone):
            return
        now_s += gap_s


def test_a_job_that_went_well_starts_the_wait_anew():
    patience = Patience(failures=1, wait_s=100)
    health = after(Healthy(5, 10.0), Served(), patience)
    assert after(health, Troubled("away", 500.0), patience) == Cooling(505.0, 1, "away", 500.0)


@given(gaps=st.lists(st.floats(0, 1000), min_size=20, max_size=30))
def test_a_server_that_only_fails_is_given_up_in_the_end(gaps):
    health, now_s = Healthy(), 0.0
    for gap_s in gaps:
        now_s += gap_s + 30
        health = after(health, Troubled("away", now_s), PATIENCE)
    assert health == Gone("away")


@pytest.mark.parametrize(
    ("before", "now", "others", "said"),
    [
        (Healthy(), Cooling(9, 1, "gone"), ["b", "c"], "a failed, its work goes to b, c: gone"),
        (Healthy(), Cooling(9, 1, "gone"), [], "a failed, it is waited for: gone"),
        (Cooling(9, 1, "x"), Gone("gone"), ["b"], "a is given up, b goes on: gone"),
        (Healthy(), Gone("gone"), [], "a is given up, no other is left: gone"),
        (Cooling(9, 1, "x"), Healthy(1), ["b"], "a answers again and draws on"),
        (Cooling(9, 1, "x"), Cooling(19, 2, "x"), ["b"], None),
        (Healthy(), Healthy(1), ["b"], None),
        (Healthy(), Draining(), ["b"], None),
        (Gone("x"), Gone("x"), ["b"], None),
    ],
)
def test_a_person_hears_of_the_steps_that_matter_once(before, now, others, said):
    assert news("a", before, now, others) == said


def test_who_is_waited_for_is_told_with_for_how_long():
    said = news("a", Healthy(), Cooling(9, 1, "gone"), [], wait_s=180.0)
    assert said == "a failed, it is waited for, 180 s at most: gone"
