"""What the tests of a fleet share: servers that misbehave per seed, orders, and held jobs.

Which thread of a fleet is first is nobody's promise. A test that needs several servers at
work, or a server with all it takes, holds every job until that is so.
"""

from collections.abc import Callable, Mapping

from darkroom.core.errors import JobRejected
from darkroom.core.fleet.health import Patience
from darkroom.core.jobs import Failed, Lost, Progress
from darkroom.writepath.fleet import Order, Terms
from tests.fakes.fake_renderer import FakeRenderer
from tests.writepath.scenes import a_job

QUICK = Patience(first_pause_s=0.02, longest_pause_s=0.05, failures=5000)


class Host(FakeRenderer):
    """A fake server that remembers which seeds it was sent, and misbehaves per seed."""

    def __init__(self, folder, name="a", behaves=None):
        super().__init__(folder, name)
        self.sent = []
        self.behaves = behaves or {}
        self._seeds = {}

    def submit(self, graph, prompt_id):
        seed = graph["3"]["inputs"]["seed"]
        self.sent.append(seed)
        if self.behaves.get(seed) == "refuse":
            raise JobRejected("usage", "no such model here")
        self._seeds[prompt_id] = seed  # in one step: other threads submit as well
        super().submit(graph, prompt_id)

    def wait(self, prompt_id, on_progress=None):
        act = self.behaves.get(self._seeds.get(prompt_id))
        if callable(act):
            act = act()
        if act == "vanish":
            self.restart()
            return Lost()
        if act is not None and act != "refuse":
            self.cancel(prompt_id)
            return Failed(act, f"scripted: {act}")
        return super().wait(prompt_id, on_progress)


def order(seed, model=None, hosts=None, **more):
    named = None if hosts is None else frozenset(hosts)
    return Order(model, lambda _receipt: a_job(seed, **more), named)


def once(act):
    """Misbehave the first time only."""
    acts = iter([act])
    return lambda: next(acts, None)


def terms(**changes):
    return Terms(patience=QUICK, **changes)


def held_until(
    hosts: Mapping[str, FakeRenderer], is_time: Callable[[], bool]
) -> Callable[[Progress], None]:
    """Hold what these servers have until then: for `on_progress`, which held jobs go on calling."""
    for host in hosts.values():
        host.script(held=True)
    still_held = iter(list(hosts.values()))  # shared by the threads: each server is let go once

    def look(_progress: Progress) -> None:
        if is_time():
            for host in still_held:
                host.script(held=False)

    return look
