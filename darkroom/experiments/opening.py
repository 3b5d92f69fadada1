"""Open an experiment: read it, reach its servers, compare its cells, see what is there.

Owns what is open while an experiment is planned or drawn. Draws nothing and writes nothing.
"""

import hashlib
import secrets
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.canonical import canonical_json
from darkroom.core.config.aigen import Comfy
from darkroom.core.errors import UsageError
from darkroom.core.experiments.cells import Cell
from darkroom.core.experiments.deciding import Entry, entries_of
from darkroom.core.experiments.declaration import MOST_IMAGES, Experiment
from darkroom.core.experiments.expanding import cells_of, probes
from darkroom.core.jobs import EngineReceipt
from darkroom.core.workflow.object_info import Catalogue
from darkroom.experiments.composing import Base, Checked, base_of, check_cells, request_of
from darkroom.experiments.declared import Declared, read_declared
from darkroom.experiments.history import History, Kept, Name, RunPlan, read_history
from darkroom.experiments.judging import Judging, judging_of
from darkroom.generating.drawing import DRAWN_BELOW
from darkroom.generating.request import Request
from darkroom.generating.sources import sources_of
from darkroom.writepath.desk import Desk
from darkroom.writepath.fleet_opening import opened_servers
from darkroom.writepath.fleet_terms import Terms, unheard
from darkroom.writepath.opening import opened_desk

_CHOSEN_FROM = {"prompts", "negative", "settings", "loras", "axes", "constraints"}
_TURN_WAIT_S = 30.0
"""By then a machine that died has lost its turn."""


@dataclass(frozen=True)
class Opened:
    """An experiment with everything it works with."""

    lab: Lab
    declared: Declared
    desk: Desk
    hosts: Mapping[str, ComfyClient]
    receipts: Mapping[str, EngineReceipt]
    base: Base
    cells: tuple[Cell, ...]
    """Empty where an optimiser chooses them."""
    catalogues: Mapping[str, Catalogue]
    checked: Checked
    judging: Judging
    history: History
    terms: Terms
    """On which the servers draw."""
    away: tuple[str, ...] = ()
    """Servers that did not answer, and why."""
    absent: Mapping[str, ComfyClient] = field(default_factory=dict[str, ComfyClient])
    """The same, to be asked again."""

    @property
    def experiment(self) -> Experiment:
        """What was declared."""
        return self.declared.experiment

    @property
    def project(self) -> str:
        """The project, in the store as well."""
        return self.declared.project.name

    @property
    def digest(self) -> str:
        """Identifies what is to be drawn: another one begins another run."""
        told = self.experiment.declared
        adaptive = told.adaptive.model_dump(mode="json") if told.adaptive else None
        cells = sorted(cell.id for cell in self.cells) or self.base.start.base
        about: list[object] = [cells, self.experiment.seeds, told.repeats, adaptive]
        if told.adaptive:  # its cells say nothing yet of what may be chosen
            about.append(told.model_dump(mode="json", include=_CHOSEN_FROM))
        if told.versions == "current":  # places of a run that are taken cannot be drawn anew
            about.append(sorted(self.engines))
        return hashlib.sha256(canonical_json(about)).hexdigest()[:16]

    @property
    def last_same(self) -> RunPlan | None:
        """The run to go on with: the latest, where it means the same and came to no end.

        What an optimiser chose is known by its run alone: one that ended counts as well.
        """
        last = self.history.plans[-1] if self.history.plans else None
        if last is None or last.digest != self.digest:
            return None
        return None if last.is_closed and not self.experiment.declared.adaptive else last

    @property
    def engines(self) -> frozenset[str]:
        """Kind and version of the servers that answer."""
        return frozenset(receipt.engine for receipt in self.receipts.values())

    def seeds(self) -> tuple[int, ...]:
        """The block all cells share: as listed, else those of earlier runs, else drawn now."""
        told = self.experiment.seeds
        if not isinstance(told, int):
            return told
        found = list(self.history.seeds[:told])
        while len(found) < told:
            seed = secrets.randbelow(DRAWN_BELOW)
            if seed not in found:
                found.append(seed)
        return tuple(found)

    def entries(self, seeds: tuple[int, ...], cells: tuple[Cell, ...]) -> tuple[Entry, ...]:
        """Every image of these cells, in the order in which they are drawn."""
        model_of = self.checked.model_of
        repeats = self.experiment.declared.repeats
        return entries_of(cells, seeds, repeats, lambda cell: model_of.get(cell.id, ""))

    def counts(self, kept: Kept) -> bool:
        """Whether an image that is there has the score that is asked for."""
        return self.judging.identity is None or kept.judging == self.judging.identity

    def is_outdated(self, kept: Kept) -> bool:
        """Whether it does not count because another version drew it; who is away has his still."""
        is_strict = self.experiment.declared.versions == "current"
        return is_strict and kept.engine not in self.engines and kept.host not in self.absent

    def drawn(self, entries: tuple[Entry, ...]) -> dict[Name, Kept]:
        """Those of these images that exist, whoever judged them and whatever drew them."""
        kept = self.history.kept
        return {each.name: kept[each.name] for each in entries if each.name in kept}

    def there(self, entries: tuple[Entry, ...]) -> dict[Name, Kept]:
        """Those of them that need not be drawn."""
        found = self.drawn(entries).items()
        return {name: image for name, image in found if not self.is_outdated(image)}

    def check(self, cells: tuple[Cell, ...]) -> None:
        """Compare further cells with the servers, as an optimiser proposes them."""
        check_cells(self.base, cells, self.catalogues, self.checked)


@contextmanager
def opened(
    name: str,
    *,
    is_test: bool = False,
    is_alone: bool = False,
    said: Callable[[str], None] = unheard,
    is_watched: bool = True,
) -> Generator[Opened]:
    """Everything an experiment works with; raises with all that is wrong in its files.

    `is_alone` keeps others from carrying it out meanwhile, on this machine and on others. Where
    nobody looks on, servers that do not answer are waited for, and `said` is told so.
    """
    lab = open_lab()
    declared = read_declared(lab, name)
    with ExitStack() as stack:
        by_quality = declared.experiment.declared.judge in ("scores", "both")
        request = request_of(declared, lab, scores=by_quality, is_test=is_test)
        meant = _meant(lab, declared, request)
        servers = opened_servers(lab, meant, stack, said, is_watched=is_watched)
        catalogues, receipts = servers.catalogues, servers.receipts
        base = base_of(lab, declared, request, next(iter(catalogues.values())))
        cells = _cells(declared, base)
        probed = cells or probes(declared.experiment, base.start)
        check_cells(base, probed, catalogues, checked := Checked())
        desk = stack.enter_context(opened_desk(lab))
        if is_alone:
            _have_alone(desk, declared, stack)
        receipt = next(iter(receipts.values()))
        judging = judging_of(lab, declared.project, declared.experiment, desk, receipt)
        yield Opened(
            lab=lab,
            declared=declared,
            desk=desk,
            hosts=servers.hosts,
            receipts=receipts,
            base=base,
            cells=cells,
            catalogues=catalogues,
            checked=checked,
            judging=stack.enter_context(judging),
            terms=servers.terms,
            away=servers.away,
            absent=servers.absent,
            history=read_history(desk.store, declared.project.name, declared.experiment.name),
        )


def _have_alone(desk: Desk, declared: Declared, stack: ExitStack) -> None:
    """Two that carry it out at once would both choose seeds and cells, and number them alike."""
    project, name = declared.project.name, f"experiment-{declared.experiment.name}"
    stack.enter_context(desk.locks.held(f"{name}.{project}"))
    try:
        stack.enter_context(desk.turns(project).awaited(name, _TURN_WAIT_S, _nothing, _nothing))
    except UsageError as error:
        message = f"another machine is carrying {declared.name} out"
        raise UsageError("turn-taken", message, where=project) from error


def _nothing() -> None:
    return


def _cells(declared: Declared, base: Base) -> tuple[Cell, ...]:
    try:
        return _counted(declared.experiment, base)
    except UsageError as error:
        error.where = error.where or declared.source
        raise


def _counted(experiment: Experiment, base: Base) -> tuple[Cell, ...]:
    told = experiment.declared
    if experiment.seed_count > 1 and not base.has_seed:
        message = "the workflow has no seed: every seed would give the same image"
        raise UsageError("experiment-size", message, hint="write seeds: 1")
    cells = () if told.adaptive else cells_of(experiment, base.start)
    count = (len(cells) or _trials(experiment)) * experiment.seed_count * told.repeats
    if count > MOST_IMAGES:
        message = f"{count} images are too many; an experiment has no more than {MOST_IMAGES}"
        raise UsageError("experiment-size", message)
    return cells


def _trials(experiment: Experiment) -> int:
    adaptive = experiment.declared.adaptive
    return adaptive.trials if adaptive else 0


def _meant(lab: Lab, declared: Declared, request: Request) -> tuple[Comfy, ...]:
    """The servers the experiment names, else the project's."""
    named = ",".join(declared.experiment.declared.hosts) or None
    return sources_of(lab, replace(request, host=named)).servers
