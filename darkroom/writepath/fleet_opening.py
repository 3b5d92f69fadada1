"""The configured servers as one fleet, on the terms that darkroom.yaml gives.

Owns which servers are meant and how long one that does not answer holds up a job that
another could draw. Contacts none of them.
"""

from collections.abc import Collection, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from darkroom.adapters.comfyui import Timing
from darkroom.adapters.drained import Drains
from darkroom.adapters.renderer import Renderer
from darkroom.adapters.settings import Lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import UsageError
from darkroom.core.fleet.budget import Budget
from darkroom.writepath.fleet_terms import HostTerms, Terms

_OUTAGE_S = 20.0
"""With others at hand, a server that does not answer is not waited for longer."""


@dataclass(frozen=True)
class Fleet:
    """Servers and their terms, as `draw_fleet` takes them."""

    hosts: Mapping[str, Renderer]
    terms: Terms


@contextmanager
def opened_fleet(
    lab: Lab,
    names: Collection[str] | None = None,
    *,
    budget: Budget | None = None,
    timeout_s: float | None = None,
) -> Generator[Fleet]:
    """Open the servers of these names; None: all of darkroom.yaml, else the built-in engine.

    `timeout_s` is the longest that one image may take; None: as AIGen.yaml has it by default.
    """
    chosen = fleet_names(lab, names)
    usual = Timing() if len(chosen) == 1 else replace(Timing(), outage_s=_OUTAGE_S)
    told = Comfy() if timeout_s is None else Comfy(timeout_s=timeout_s)
    with ExitStack() as stack:
        hosts: dict[str, Renderer] = {}
        for name in chosen:
            meant = told.model_copy(update={"host": name})
            hosts[name] = stack.enter_context(renderer_of(lab, meant, usual))
        terms = Terms(terms_of(lab), Drains(lab).is_drained, budget=budget or Budget())
        yield Fleet(hosts, terms)


def fleet_names(lab: Lab, names: Collection[str] | None = None) -> tuple[str, ...]:
    """Which servers are meant, in the order of darkroom.yaml; refuses a name it does not have."""
    known = lab.config.hosts
    if names is None:
        return tuple(known) or (EMBEDDED,)
    strange = sorted(set(names) - {*known, EMBEDDED})
    if strange:
        there = ", ".join((*known, EMBEDDED))
        raise UsageError("host-not-configured", f"no server is called {strange[0]!r}: {there}")
    return tuple(name for name in (*known, EMBEDDED) if name in names)


def terms_of(lab: Lab) -> dict[str, HostTerms]:
    """What each configured server may do."""
    hosts = lab.config.hosts.items()
    return {name: HostTerms(told.models, told.max_queue) for name, told in hosts}
