import pytest

from darkroom.core.fleet.fates import (
    MOST_MOVES,
    AfterFreeing,
    Elsewhere,
    Final,
    Loss,
    Refer,
    Tries,
    fate_of_failure,
    fate_of_loss,
    harms_host,
    is_poison,
)


@pytest.mark.parametrize(
    ("ran", "before", "poison"),
    [(True, 0, False), (True, 1, True), (True, 5, True), (False, 1, False)],
)
def test_the_second_loss_of_a_running_job_makes_it_poison(ran, before, poison):
    assert is_poison(Loss("lost", ran), before) is poison


def test_a_lost_job_moves_but_not_for_ever():
    assert fate_of_loss(Tries()) == Elsewhere()
    assert fate_of_loss(Tries(moves=MOST_MOVES)) == Final()


@pytest.mark.parametrize(
    ("cause", "tries", "others_can", "fate"),
    [
        ("out_of_memory", Tries(), False, AfterFreeing()),
        ("out_of_memory", Tries(memory=1), True, Final()),
        ("rejected", Tries(), True, Refer()),
        ("rejected", Tries(), False, Final()),
        ("error", Tries(), True, Final()),
        ("cancelled", Tries(), True, Final()),
    ],
)
def test_memory_gets_one_retry_and_a_refusal_another_server(cause, tries, others_can, fate):
    assert fate_of_failure(cause, tries, others_can=others_can) == fate


def test_a_server_that_forgot_is_back_and_one_that_stalls_or_is_away_is_left_alone():
    assert [harms_host(cause) for cause in ("lost", "stalled", "away")] == [False, True, True]
