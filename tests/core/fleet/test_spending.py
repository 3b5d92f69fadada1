import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.fleet.budget import Budget, Used, spent_up
from darkroom.core.fleet.costs import Share, Spent
from darkroom.core.sidecar import Cost


@pytest.mark.parametrize(
    ("budget", "used", "why"),
    [
        (Budget(), Used(10**6, 1e9), None),
        (Budget(images=3), Used(2, 9.0), None),
        (Budget(images=3), Used(2, 9.0, under_way=1), "3 images"),
        (Budget(gpu_seconds=10), Used(3, 9.0), None),
        (Budget(gpu_seconds=10), Used(3, 9.0, under_way=1), "10 GPU seconds"),
        (Budget(gpu_seconds=10), Used(0, 0.0, under_way=2), None),
        (Budget(gpu_seconds=0), Used(), "0 GPU seconds"),
    ],
)
def test_a_budget_counts_what_is_under_way_as_what_images_cost_so_far(budget, used, why):
    reason = spent_up(budget, used)
    assert (reason is None) == (why is None)
    assert why is None or why in reason


def test_what_an_image_cost_is_read_from_its_sidecar_and_nothing_measured_is_nothing():
    cost = Cost(seconds=3.0, gpu_seconds=2.0, calls=4, tokens_in=100, tokens_out=20)
    assert Spent.on(cost, is_accepted=True) == Spent(1, 1, 3.0, 2.0, 4, 100, 20)
    assert Spent.on(None) == Spent(images=1)


def test_the_accepted_images_bear_the_cost_of_all():
    spent = Spent(images=4, accepted=1, gpu_seconds=8.0, calls=12, tokens_in=300, tokens_out=100)
    assert spent.per_image() == Share(2.0, 3.0, 100.0)
    assert spent.per_accepted() == Share(8.0, 12.0, 400.0)
    assert Spent(images=1).per_accepted() is None
    assert Spent().per_image() is None


_spent = st.builds(Spent, *[st.integers(0, 1000)] * 7)


@given(one=_spent, two=_spent, three=_spent)
def test_costs_add_up_in_any_order(one, two, three):
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + Spent() == one
