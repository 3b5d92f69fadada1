"""Two machines that set one Prefect server up at the same moment take turns."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from prefect.client.orchestration import get_client

from flows.alone import LIMIT, alone


def test_two_that_set_up_at_once_take_turns(prefect_server: None) -> None:
    inside: list[int] = []
    met: list[int] = []

    def one(number: int) -> None:
        with get_client(sync_client=True) as client, alone(client):
            inside.append(number)
            time.sleep(0.2)
            met.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(2) as pool:
        # a thread does not inherit which server the test talks to
        both = [pool.submit(copy_context().run, one, number) for number in range(2)]
        for each in both:
            each.result()
    assert met == [1, 1]


def test_the_turn_is_over_however_the_set_up_ended(prefect_server: None) -> None:
    with get_client(sync_client=True) as client:
        with pytest.raises(ZeroDivisionError), alone(client):
            raise ZeroDivisionError
        held = client.read_global_concurrency_limit_by_name(LIMIT)
    assert held.active_slots == 0
