"""Several servers as one fleet: opened, asked what they are and have, on the lab's terms.

Owns which of the servers that are meant can be reached, what they say of themselves, and
how long one that does not answer holds up a job that another could draw. One server that
is away is named and left out; all of them away is a failure.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from darkroom.adapters.chosen_hosts import once
from darkroom.adapters.comfyui import ComfyClient, Timing
from darkroom.adapters.drained import Drains
from darkroom.adapters.settings import Lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.errors import ComfyError, DarkroomError, WorkflowError
from darkroom.core.fleet.fitting import Fitting, fitting, permitted
from darkroom.core.fleet.health import Patience
from darkroom.core.jobs import EngineReceipt
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.object_info import Catalogue
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Places
from darkroom.writepath.fleet_terms import HostTerms, Terms, unheard

_OUTAGE_S = 20.0
"""With others at hand, a server that does not answer is not waited for longer."""
_ASKED_AT_ONCE = 16
PATIENCE = Patience(first_pause_s=1.0, failures=6)
"""For work that somebody waits for."""


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
    absent: Mapping[str, ComfyClient] = field(default_factory=dict[str, ComfyClient])
    """The same by their names; they may be asked again as long as all are open."""

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


def opened_servers(
    lab: Lab, servers: Sequence[Comfy], stack: ExitStack, said: Callable[[str], None] = unheard
) -> Servers:
    """Open these and ask each what it is; raises where none of them answers.

    `said` is told in a line when one of several fails in the middle of the work.
    """
    terms = Terms(terms_of(lab), Drains(lab).is_drained, patience=PATIENCE, said=said)
    return replace(reached(opened_hosts(lab, servers, stack)), terms=terms)


def opened_hosts(lab: Lab, servers: Sequence[Comfy], stack: ExitStack) -> dict[str, ComfyClient]:
    """Clients of these servers by their names, open until the end; none is contacted."""
    chosen = once(servers)
    usual = Timing() if len(chosen) == 1 else replace(Timing(), outage_s=_OUTAGE_S)
    clients = (stack.enter_context(renderer_of(lab, each, usual)) for each in chosen)
    return {client.name: client for client in clients}


def reached(hosts: Mapping[str, ComfyClient]) -> Servers:
    """Ask all at once; one of several may be away, all of them must not."""
    answers = _answers(hosts)
    away = {name: said for name, said in answers.items() if isinstance(said, DarkroomError)}
    if len(away) == len(answers):
        raise next(iter(away.values()))
    return replace(
        _answering(hosts, answers),
        meant=tuple(hosts),
        away=tuple(f"{name}: {each.message} ({each.where})" for name, each in away.items()),
        absent={name: hosts[name] for name in away},
    )


def back_again(absent: Mapping[str, ComfyClient]) -> Servers:
    """Those that were away and answer by now; none is no failure."""
    return _answering(absent, _answers(absent))


_Answer: TypeAlias = tuple[EngineReceipt, Catalogue] | DarkroomError


def _answers(hosts: Mapping[str, ComfyClient]) -> dict[str, _Answer]:
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        return dict(zip(hosts, pool.map(_asked, hosts.values()), strict=True))


def _answering(hosts: Mapping[str, ComfyClient], answers: Mapping[str, _Answer]) -> Servers:
    there = {name: said for name, said in answers.items() if not isinstance(said, DarkroomError)}
    return Servers(
        hosts={name: hosts[name] for name in there},
        receipts={name: receipt for name, (receipt, _) in there.items()},
        catalogues={name: catalogue for name, (_, catalogue) in there.items()},
    )


def _asked(client: ComfyClient) -> _Answer:
    try:
        return client.receipt(), client.object_info()
    except (ComfyError, WorkflowError) as error:
        return error


def terms_of(lab: Lab) -> dict[str, HostTerms]:
    """What each configured server may do."""
    hosts = lab.config.hosts.items()
    return {name: HostTerms(told.models, told.max_queue) for name, told in hosts}
