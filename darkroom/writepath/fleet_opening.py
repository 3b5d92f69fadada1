"""Several servers as one fleet: opened, asked what they are and have, on the lab's terms.

Owns which of the servers that are meant can be reached, what they say of themselves, and
how long one that does not answer holds up a job, and is waited for. One server that is
away is named and left out; all of them away is a failure.
"""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from darkroom.adapters.chosen_hosts import once
from darkroom.adapters.comfyui import ComfyClient, Timing
from darkroom.adapters.drained import Drains
from darkroom.adapters.settings import Lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.errors import ComfyError, ComfyUnreachable, DarkroomError, WorkflowError
from darkroom.core.fleet.fitting import Fitting, fitting, permitted
from darkroom.core.fleet.health import Patience
from darkroom.core.jobs import EngineReceipt
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.object_info import Catalogue
from darkroom.core.workflow.readback import read_back
from darkroom.core.workflow.roles import Places
from darkroom.writepath.batch import one_server
from darkroom.writepath.fleet_board import waited_in_vain
from darkroom.writepath.fleet_terms import HostTerms, Terms, unheard

_OUTAGE_S = 20.0
"""After this a job is taken from a server that does not answer, and moves or is waited with."""
_ASKED_AT_ONCE = 16
_ASK_AGAIN_S = 2.0
_T = TypeVar("_T")
WAIT_S = 180.0
"""So long a server is waited for that does not answer; a restart with many nodes takes 60 s."""
PATIENCE = Patience(first_pause_s=1.0, longest_pause_s=10.0, failures=6, wait_s=WAIT_S)
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
    def terms_alone(self) -> Terms:
        """The terms where there is no fleet."""
        return terms_alone(self.terms, self.first.name)

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
    lab: Lab,
    servers: Sequence[Comfy],
    stack: ExitStack,
    said: Callable[[str], None] = unheard,
    *,
    is_watched: bool = True,
) -> Servers:
    """Open these and ask each what it is; raises where none of them answers.

    `said` is told in a line when a server fails in the middle of the work. Where nobody looks on
    who could start one, they are waited for.
    """
    terms, hosts = usual_terms(lab, said), opened_hosts(lab, servers, stack)
    found = reached(hosts) if is_watched else answering(lambda: reached(hosts), terms, hosts)
    return replace(found, terms=terms)


def answering(ask: Callable[[], _T], terms: Terms, names: Collection[str]) -> _T:
    """What `ask` gives as soon as one of these servers answers; waited for, as they may be."""
    wait_s = max(terms_alone(terms, name).patience.wait_s for name in names)
    who, ends_s = ", ".join(names), math.inf
    while True:
        try:
            return ask()
        except ComfyUnreachable as error:
            now_s = time.monotonic()
            if error.code != "comfy-unreachable" or not wait_s:
                raise
            if now_s >= ends_s:
                raise waited_in_vain(who, wait_s, error) from error
            if ends_s == math.inf:
                ends_s = now_s + wait_s
                what = f"{who} does not answer, it is waited for, {wait_s:g} s at most"
                terms.said(f"{what}: {error.message}")
        time.sleep(_ASK_AGAIN_S)


def usual_terms(lab: Lab, said: Callable[[str], None] = unheard) -> Terms:
    """How patient this laboratory is, and what each of its servers may do."""
    return Terms(terms_of(lab), Drains(lab).is_drained, patience=PATIENCE, said=said)


def opened_hosts(lab: Lab, servers: Sequence[Comfy], stack: ExitStack) -> dict[str, ComfyClient]:
    """Clients of these servers by their names, open until the end; none is contacted."""
    chosen = once(servers)
    clients = (stack.enter_context(renderer_of(lab, each, brief())) for each in chosen)
    return {client.name: client for client in clients}


def brief() -> Timing:
    """The patience of a client above which somebody waits: see `fleet_board`."""
    timing = Timing()
    return replace(timing, outage_s=min(timing.outage_s, _OUTAGE_S))


def reached(hosts: Mapping[str, ComfyClient]) -> Servers:
    """Ask all at once; one of several may be away, all of them must not."""
    answers = _answers(hosts)
    away = {name: said for name, said in answers.items() if isinstance(said, DarkroomError)}
    if len(away) == len(answers):  # one that may come back is worth waiting for
        raise min(away.values(), key=lambda error: error.code != "comfy-unreachable")
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
    return {name: HostTerms(told.models, told.max_queue, told.wait_s) for name, told in hosts}


def terms_alone(terms: Terms, name: str) -> Terms:
    """What these terms mean for one server that draws by itself."""
    wait_s = terms.hosts.get(name, HostTerms()).wait_s
    return one_server(terms.patience.wait_s if wait_s is None else wait_s, terms.said)
