"""The arithmetic of patience: deadlines, the pace of retries, the circuit."""

import itertools
from dataclasses import replace

import pytest

from darkroom.adapters.stores import bounds, spool
from darkroom.adapters.stores.bounds import Call, Circuit, Limits, Pacer, current_call, within
from darkroom.adapters.stores.s3 import S3Store
from darkroom.core.errors import StoreUnavailable
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.s3_servers import QUICK


class Clock:
    """A clock that moves only when someone sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(bounds, "time", clock)
    return clock


def test_the_default_limits_end_every_call_within_a_minute() -> None:
    limits = Limits()
    # a put through the spool: one round of delivery started just before its time was over
    assert spool._WHILE_PUTTING_S + limits.total_s < 60
    # deleting through the spool: waiting for the lock, then the store
    assert spool._LOCK_WAIT_S + limits.total_s < 60
    assert max(limits.connect_s, limits.read_s, limits.circuit_longest_s) < limits.total_s


def test_the_default_pace_is_five_retries_a_second() -> None:
    assert Limits().retries_per_s == 5.0


def test_an_inner_deadline_never_outlasts_the_outer_one(clock: Clock) -> None:
    with within(replace(QUICK, total_s=1.0)) as outer:
        with within(replace(QUICK, total_s=9.0)) as inner:
            assert inner.ends_at == outer.ends_at
        with within(replace(QUICK, total_s=0.5)) as inner:
            assert inner.ends_at < outer.ends_at
        assert current_call() is outer
    assert current_call() is None


def test_no_time_left_is_a_timeout(clock: Clock) -> None:
    with within(replace(QUICK, total_s=1.0)) as call:
        assert call.remaining_s == 1.0
        clock.now += 1.0
        with pytest.raises(TimeoutError):
            _ = call.remaining_s


def test_retries_of_all_threads_together_keep_the_pace(clock: Clock) -> None:
    pacer = Pacer(Limits())
    call = Call(clock.now + 1000, Limits())
    starts = []
    for _ in range(50):
        assert pacer.pause(0, call)
        starts.append(clock.now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert min(gaps) >= 0.2 - 1e-9


def test_the_wait_before_a_retry_grows(clock: Clock) -> None:
    pacer = Pacer(replace(Limits(), retries_per_s=1e9))
    for attempt in range(5):
        pacer.pause(attempt, Call(clock.now + 1000, Limits()))
        assert 0.1 * 2**attempt <= clock.slept[-1] <= 0.2 * 2**attempt


def test_a_retry_that_would_come_too_late_is_not_waited_for(clock: Clock) -> None:
    assert not Pacer(Limits()).pause(0, Call(clock.now + 0.05, Limits()))
    assert not Pacer(Limits()).pause(0, Call(clock.now + 5.0, Limits()), asked_for_s=9.0)
    assert clock.slept == []


def failing(circuit: Circuit, times: int) -> None:
    for _ in range(times):
        circuit.admit("s3")
        circuit.failed()


def test_the_circuit_opens_after_repeated_failure(clock: Clock) -> None:
    circuit = Circuit(Limits())
    failing(circuit, 5)
    with pytest.raises(StoreUnavailable) as caught:
        circuit.admit("s3")
    assert caught.value.code == "store-circuit-open"


def test_a_success_between_keeps_the_circuit_closed(clock: Clock) -> None:
    circuit = Circuit(Limits())
    for _ in range(3):
        failing(circuit, 4)
        circuit.succeeded()
    circuit.admit("s3")


def test_an_open_circuit_lets_one_call_look(clock: Clock) -> None:
    circuit = Circuit(Limits())
    failing(circuit, 5)
    clock.now += 1.0
    circuit.admit("s3")
    with pytest.raises(StoreUnavailable):
        circuit.admit("s3")
    circuit.succeeded()
    circuit.admit("s3")


def test_the_circuit_waits_longer_each_time_up_to_a_limit(clock: Clock) -> None:
    circuit = Circuit(Limits())
    failing(circuit, 5)
    waits = []
    for _ in range(7):
        started = clock.now
        while True:
            try:
                circuit.admit("s3")
            except StoreUnavailable:
                clock.now += 0.5
            else:
                break
        waits.append(clock.now - started)
        circuit.failed()
    assert waits == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]


def test_an_open_circuit_sends_nothing(behind: S3Store, proxy: FaultProxy, clock: Clock) -> None:
    limits = replace(QUICK, circuit_after=2, circuit_first_s=0.2, attempts=1)
    store = S3Store(behind.settings, limits)
    proxy.faults.refuse = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            store.head("a/b")
    before = proxy.connections
    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            store.head("a/b")
    assert proxy.connections == before
    proxy.faults.refuse = False
    clock.now += 0.2
    assert store.head("a/b") is None
    store.close()
