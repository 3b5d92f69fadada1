"""Several servers as one fleet: opened, asked what they are and have, on the lab's terms.

Owns which of the servers that are meant can be reached, what they say of themselves, and
how long one that does not answer holds up a job that another could draw. One server that
is away is named and left out; all of them away is a failure.
"""

from collections.abc import Collection, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from darkroom.adapters.chosen_hosts import once
from darkroom.adapters.comfyui import ComfyClient, Timing
from darkroom.adapters.drained import Drains
from darkroom.adapters.renderer import Renderer
from darkroom.adapters.settings import Lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import ComfyError, DarkroomError, UsageError, WorkflowError
from darkroom.core.fleet.budget import Budget
from darkroom.core.fleet.fitting import Fitting, fitting, permitted
from darkroom.core.fleet.health import Patience
from darkroom.core.jobs import EngineReceipt
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.object_info import Catalogue
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Places
from darkroom.writepath.fleet_terms import HostTerms, Terms

_OUTAGE_S = 20.0
"""With others at hand, a server that does not answer is not waited for longer."""
_ASKED_AT_ONCE = 16
PATIENCE = Patience(first_pause_s=1.0, failures=6)
"""For work that somebody waits for."""


@dataclass(frozen=True)
class Fleet:
    """Servers and their terms, as `draw_fleet` takes them."""

    hosts: Mapping[str, Renderer]
    terms: Terms


@dataclass(frozen=True)
class Servers:
    """The servers that answered, and what they say of themselves."""

    hosts: Mapping[str, ComfyClient]
    receipts: Mapping[str, EngineReceipt]
    catalogues: Mapping[str, Catalogue]
    terms: Terms = field(default_factory=Terms)
    meant: tuple[str, ...] = ()
    """All that were asked; more than one make a fleet."""
    away: tuple[str, ...] = ()
    """Those that did not answer, and why."""

    @property
    def is_fleet(self) -> bool:
        """Whether work may move from one to another."""
        return len(self.meant) > 1

    @property
    def first(self) -> ComfyClient:
        """One of them; the only one where there is no fleet."""
        return next(iter(self.hosts.values()))

    @property
    def receipt(self) -> EngineReceipt:
        """What that one is."""
        return self.receipts[self.first.name]

    @property
    def engines(self) -> Mapping[str, str]:
        """What else decides the pixels, by server."""
        return {name: said.engine for name, said in self.receipts.items()}

    @property
    def names(self) -> str:
        """The choice of hosts that means these, as people write it."""
        return ",".join(self.meant)

    def fitting(
        self, graph: Graph, uploads: Collection[str], bindings: Places | None = None
    ) -> Fitting:
        """Which of them can and may draw the graph, and why the others cannot."""
        models = {name: told.models for name, told in self.terms.hosts.items()}
        model = read_back(graph, bindings).checkpoint
        return permitted(fitting(graph, self.catalogues, uploads), model, models)


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
    told = Comfy() if timeout_s is None else Comfy(timeout_s=timeout_s)
    chosen = [told.model_copy(update={"host": name}) for name in fleet_names(lab, names)]
    with ExitStack() as stack:
        terms = Terms(terms_of(lab), Drains(lab).is_drained, budget=budget or Budget())
        yield Fleet(opened_hosts(lab, chosen, stack), terms)


def opened_servers(lab: Lab, servers: Sequence[Comfy], stack: ExitStack) -> Servers:
    """Open these and ask each what it is; raises where none of them answers."""
    terms = Terms(terms_of(lab), Drains(lab).is_drained, patience=PATIENCE)
    return replace(reached(opened_hosts(lab, servers, stack)), terms=terms)


def opened_hosts(lab: Lab, servers: Sequence[Comfy], stack: ExitStack) -> dict[str, ComfyClient]:
    """Clients of these servers by their names, open until the end; none is contacted."""
    chosen = once(servers)
    usual = Timing() if len(chosen) == 1 else replace(Timing(), outage_s=_OUTAGE_S)
    clients = (stack.enter_context(renderer_of(lab, each, usual)) for each in chosen)
    return {client.name: client for client in clients}


def reached(hosts: Mapping[str, ComfyClient]) -> Servers:
    """Ask all at once; one of several may be away, all of them must not."""
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        answers = dict(zip(hosts, pool.map(_asked, hosts.values()), strict=True))
    there = {name: said for name, said in answers.items() if not isinstance(said, DarkroomError)}
    away = {name: said for name, said in answers.items() if isinstance(said, DarkroomError)}
    if not there:
        raise next(iter(away.values()))
    return Servers(
        hosts={name: hosts[name] for name in there},
        receipts={name: receipt for name, (receipt, _) in there.items()},
        catalogues={name: catalogue for name, (_, catalogue) in there.items()},
        meant=tuple(hosts),
        away=tuple(f"{name}: {each.message} ({each.where})" for name, each in away.items()),
    )


def _asked(client: ComfyClient) -> tuple[EngineReceipt, Catalogue] | DarkroomError:
    try:
        return client.receipt(), client.object_info()
    except (ComfyError, WorkflowError) as error:
        return error


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
