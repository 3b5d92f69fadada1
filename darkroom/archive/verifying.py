"""Compare what is stored with what was written: `darkroom verify` and its flow.

Owns one pass over the store in the order of its keys: names in one listing, contents a
group at a time, each run closed as it ends. Keeps one run in memory. Changes nothing in
the store; what a redrawing says is added by `verifying_redraw`.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Self

from darkroom.adapters.projects import project_folder
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.protocol import Store
from darkroom.archive.verifying_content import Flaw, Looked, look, was_drawn
from darkroom.archive.verifying_listing import Listing, expected
from darkroom.archive.verifying_names import Item, Pair, RunEnd
from darkroom.archive.verifying_params import VerifyParams
from darkroom.archive.verifying_progress import KnownFlaw, Progress, ProgressFile
from darkroom.archive.verifying_redraw import OnProgress, Redrawing, Turn, hosts_of
from darkroom.archive.verifying_report import VerifyReport
from darkroom.core.errors import DataError
from darkroom.core.keys import RunKeys, companion_key, is_run_id
from darkroom.scoring.measuring import Bar, no_bar
from darkroom.writepath.fleet_terms import Slot, free
from darkroom.writepath.ledger import Ledger
from darkroom.writepath.outcomes import Open, Resubmit, standing

FOLDER = ".darkroom/verify"
GROUP = 64
_READERS = 8
_SAVE_EVERY_S = 2.0
Group = Sequence[Item]


@dataclass
class _Run:
    """What is known of the run that is being read."""

    committed: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """Job keys by image."""
    companions: list[tuple[str, str, str | None]] = field(
        default_factory=list[tuple[str, str, str | None]]
    )
    """Further images of jobs: their key, the key of the first image, the job."""


class Verifying:
    """An open store under examination; used as a context manager."""

    def __init__(self, params: VerifyParams) -> None:
        params.check()
        self.params = params
        self.lab: Lab = open_lab()
        with ExitStack() as opening:
            self.store: Store = opening.enter_context(opened_store(self.lab))
            if params.project and next(self.store.iter_keys(f"{params.project}/"), None) is None:
                project_folder(self.lab, params.project)  # a misspelt name is not in order
            self._readers = opening.enter_context(ThreadPoolExecutor(_READERS))
            self._stack = opening.pop_all()
        name = f"{params.scope}-{sha256(self.store.name.encode()).hexdigest()[:8]}"
        self._file = ProgressFile(self.lab.path(FOLDER), name)
        self._before = self._file.read()
        self._saved_at = time.monotonic()
        self._run = _Run()
        self._newest: dict[str, str] = {}
        self._group: Group | None = None
        self._looked: dict[Pair, Looked] = {}
        self._place = 0
        self._redrawings: dict[str, Redrawing] = {}
        self.on_progress: OnProgress = lambda _progress: None
        self.report = VerifyReport()
        self.whole: list[Looked] = []
        """The images of the last group that are in order."""
        if params.is_resumable and self._before.done and not params.again:
            self._go_on(self._before)

    def _go_on(self, before: Progress) -> None:
        report = self.report
        report.went_on_after = before.done
        report.images, report.size_bytes = before.images, before.size_bytes
        report.flaws, report.counts = before.known(), Counter(before.counts)

    def groups(self) -> Iterator[Group]:
        """What is to be looked at, a group at a time, listed as it is taken."""
        after = self.report.went_on_after
        found = Listing(self.lab, self.store, self.params, self._before.newest).items(after)
        while group := list(islice(found, GROUP)):
            yield group

    def check(
        self, group: Group, done: Callable[[int], None] = lambda _count: None
    ) -> VerifyReport:
        """Look at everything in a group; what is wrong with one stops no other.

        After a failure the same group may be handed in again: nothing is counted twice.
        """
        if self._group != group:
            there = [item for item in group if isinstance(item, Pair) and item.is_there]
            looked = list(self._readers.map(partial(look, self.store), there))
            self._looked = {one.pair: one for one in looked}
            self._group, self._place, self.whole = group, 0, []
        while self._place < len(group):
            item = group[self._place]
            self._take(item)
            self._place += 1
            done(isinstance(item, Pair))
        return self.report

    def _take(self, item: Item) -> None:
        match item:
            case RunEnd():
                self._close(item)
            case Pair(is_there=True):
                self._note(self._looked[item])
            case Pair():
                if not was_drawn(self.store, item):
                    return
                self.report.images += 1
                self.report.note(Flaw("broken", item.image, "the image is not there"))

    def _note(self, looked: Looked) -> None:
        self.report.images += 1
        self.report.size_bytes += looked.size_bytes
        for flaw in looked.flaws:
            self.report.note(flaw)
        if looked.sidecar is None:
            return
        if not looked.flaws:
            self.whole.append(looked)
        known = looked.sidecar.identity
        self._run.committed[looked.pair.image] = known.job_key
        if known.output is not None:
            first = _first_of(looked.pair.image, known.output)
            self._run.companions.append((looked.pair.image, first, known.job_key))

    def _close(self, end: RunEnd) -> None:
        """Say what a run leaves open, now that all of it was read."""
        flaws = [Flaw("orphan", key, "nothing commits it") for key in end.orphans]
        if not self.params.sample:
            flaws += [*self._lone_companions(), *self._open_jobs(end)]
        for flaw in flaws:
            self.report.note(flaw)
        self._run = _Run()
        project, _, run = end.root.split("/")
        if is_run_id(run):
            self._newest[project] = run
        self._save(end.root)

    def _lone_companions(self) -> Iterator[Flaw]:
        for key, first, job in self._run.companions:
            if self._run.committed.get(first, "") != job:
                yield Flaw("companion", key, f"the first image of its job is missing: {first}")

    def _open_jobs(self, end: RunEnd) -> Iterator[Flaw]:
        ended = set(self._run.committed.values())
        for job in [job for job in end.jobs if job not in ended]:
            if reason := self._why_open(end.root, job):
                yield Flaw("open", f"{end.root}/intents/{job}", reason)

    def _why_open(self, root: str, job: str) -> str | None:
        project, _, run_id = root.split("/")
        ledger = Ledger(self.store)
        if ledger.committed(project, job):
            return None
        try:
            found = standing(ledger.attempts(RunKeys(project, run_id), job))
        except DataError as error:
            return error.message
        match found:
            case Open(last):
                return f"promised at {last.created_at}, and neither drawn nor ended"
            case Resubmit():
                return "its last attempt was lost, and no other was made"
            case _:
                return None

    def _save(self, root: str) -> None:
        now = time.monotonic()
        if self.params.is_resumable and now - self._saved_at >= _SAVE_EVERY_S:
            self._saved_at = now
            self._file.write(self._progress(root))

    def _progress(self, done: str) -> Progress:
        report = self.report
        return Progress(
            done=done,
            images=report.images,
            size_bytes=report.size_bytes,
            counts=dict(report.counts),
            flaws=tuple(KnownFlaw(**vars(flaw)) for flaw in report.flaws),
            newest=self._before.newest | self._newest,
        )

    def redraw(
        self, done: Callable[[int], None] = lambda _count: None, slot: Slot = free
    ) -> VerifyReport:
        """Draw the images of the last group that are in order again, and compare.

        `slot` is held while a server works.
        """
        with Turn(slot) as turn:
            while self.whole:
                image, sidecar = self.whole[0].pair.image, self.whole[0].sidecar
                assert sidecar is not None  # what is in order has one
                redrawing = self._redrawing(image)
                turn.on(redrawing.reachable(sidecar))
                self.report.note_redrawn(redrawing.redraw(image, sidecar))
                self.whole.pop(0)
                done(1)
        return self.report

    def _redrawing(self, image: str) -> Redrawing:
        project = image.partition("/")[0]
        if project not in self._redrawings:
            hosts = hosts_of(self.lab, project, self._stack)
            one = Redrawing(self.store, hosts, self.params.host, self.on_progress)
            self._redrawings[project] = one
        return self._redrawings[project]

    def close(self) -> VerifyReport:
        """Remember that it came to its end."""
        newest = self._before.newest | self._newest
        if self.params.is_resumable:
            self._file.write(Progress(newest=newest))
        elif self.params.new:
            self._file.write(self._before.model_copy(update={"newest": newest}))
        return self.report

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _first_of(key: str, number: int) -> str:
    """The first image of the job that this one is a further image of."""
    suffix = companion_key(".", number).removesuffix(".")
    stem, dot, ending = key.rpartition(".")
    return f"{stem.removesuffix(suffix)}{dot}{ending}"


def verify(params: VerifyParams, bar: Bar = no_bar) -> VerifyReport:
    """All of it in this process, without a scheduler."""
    with Verifying(params) as work, bar("verifying", expected(work.lab, params)) as advance:
        for group in work.groups():
            if params.redraw:
                work.check(group)
                work.redraw(advance)
            else:
                work.check(group, advance)
        return work.close()
