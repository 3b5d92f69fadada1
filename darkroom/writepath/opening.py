"""From the configured laboratory to a desk, and to the servers that intents name.

Owns where this machine keeps its locks and which configured server a host name in an
intent means. Servers are contacted only when a job needs them.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from darkroom.adapters.chosen_hosts import is_any, name_by_address
from darkroom.adapters.projects import list_projects, open_project, project_folder
from darkroom.adapters.redaction import redactor
from darkroom.adapters.renderer import Renderer
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.wiring import renderer_of, storage_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import ConfigError, UsageError
from darkroom.core.keys import UNNAMED_PROJECT
from darkroom.writepath.desk import Desk
from darkroom.writepath.locks import Locks
from darkroom.writepath.reconcile import ReconcileOptions, reconcile
from darkroom.writepath.report import ReconcileReport

_LOCKS = ".darkroom/locks"


@contextmanager
def opened_desk(lab: Lab) -> Generator[Desk]:
    """Everything the write path works with, as configured."""
    with opened_store(lab) as spooled:
        locks = Locks(lab.path(_LOCKS))
        yield Desk(spooled, locks, redact=redactor(lab.secrets.known()), storage=storage_of(lab))


class Hosts(Mapping[str, Renderer]):
    """The configured servers by the name intents give them, each opened when first asked for."""

    def __init__(self, lab: Lab, named: tuple[Comfy, ...], stack: ExitStack) -> None:
        self._lab = lab
        self._stack = stack
        each = [one for told in named for one in told.each if not is_any(lab, one.host)]
        self._known = {name_by_address(told): told for told in each if not told.is_embedded}
        """Also one that has a name by now: promises made before that call it by its address."""
        self._known |= {name: Comfy(host=name) for name in (*lab.config.hosts, EMBEDDED)}
        self._open: dict[str, Renderer] = {}

    def __getitem__(self, name: str) -> Renderer:
        if name not in self._open:
            connection = renderer_of(self._lab, self._known[name])
            self._open[name] = self._stack.enter_context(connection)
        return self._open[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def reconcile_lab(
    lab: Lab, project: str | None = None, options: ReconcileOptions | None = None
) -> tuple[ReconcileReport, ...]:
    """Reconcile one project, or all of them, with the configured store and servers."""
    reports: list[ReconcileReport] = []
    with ExitStack() as stack:
        desk = stack.enter_context(opened_desk(lab))
        for name in stored_projects(lab, desk, project):
            hosts = Hosts(lab, _comfy_of(lab, name), stack)
            reports.append(reconcile(name, desk, hosts, options=options))
    return tuple(reports)


def stored_projects(lab: Lab, desk: Desk, project: str | None = None) -> list[str]:
    """The one that is named, if there is such a project; else all, and what belongs to none."""
    if project is not None:
        if project != UNNAMED_PROJECT:
            project_folder(lab, project)  # refuses a name that is no project
        return [project]
    named = [item.name for item in list_projects(lab)]
    drawn = next(desk.store.iter_keys(f"{UNNAMED_PROJECT}/working/"), None)
    return named if drawn is None else [*named, UNNAMED_PROJECT]


def _comfy_of(lab: Lab, project: str) -> tuple[Comfy, ...]:
    try:
        return (open_project(lab, project).aigen.comfyui,)
    except (ConfigError, UsageError):
        return ()  # a mistake in a project's files must not keep its images from being saved
