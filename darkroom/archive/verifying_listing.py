"""Which part of a store is verified, and in which order it comes.

Owns the scopes: everything, a project, what is new, runs and images by name, a sample.
Lists as it is asked; keeps nothing but the sample.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from darkroom.adapters.projects import project_names
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.protocol import Store
from darkroom.archive.annotating_targets import meant
from darkroom.archive.opening import opened_library
from darkroom.archive.searching import count_in
from darkroom.archive.selecting import select
from darkroom.archive.verifying_names import Item, Pair, RunEnd, items
from darkroom.archive.verifying_params import VerifyParams
from darkroom.core.keys import UNNAMED_PROJECT, RunKeys, sidecar_key


@dataclass(frozen=True)
class Listing:
    """One scope of one store."""

    _lab: Lab
    _store: Store
    _params: VerifyParams
    _newest: Mapping[str, str]
    """By project, the newest run that was verified before."""

    def items(self, after: str | None) -> Iterator[Item]:
        """Everything in the scope; `after` is the run up to which all is done."""
        return self._sampled() if self._params.sample else self._all(after)

    def _all(self, after: str | None) -> Iterator[Item]:
        params = self._params
        if params.names or params.run:
            yield from self._named([*params.names, *([params.run] if params.run else [])])
        elif params.new:
            for project in self._projects():
                yield from items(self._store.iter_keys(f"{project}/", self._newest_run(project)))
        else:
            prefix = f"{params.project}/" if params.project else ""
            # behind everything of the run that was read last
            yield from items(self._store.iter_keys(prefix, f"{after}/zzzzzzzz" if after else ""))

    def _projects(self) -> list[str]:
        if self._params.project:
            return [self._params.project]
        return sorted({*project_names(self._lab), UNNAMED_PROJECT, *self._newest})

    def _newest_run(self, project: str) -> str:
        """The newest run of a project that was verified; it may have grown since."""
        known = self._newest.get(project)
        return f"{project}/working/{known}" if known else ""

    def _named(self, names: Sequence[str]) -> Iterator[Item]:
        named = meant(self._lab, self._store, names)
        for run in named.runs:
            project, _, run_id = run.partition("/")
            yield from items(self._store.iter_keys(f"{RunKeys(project, run_id).root}/"))
        for image in named.images:
            yield Pair(image, sidecar_key(image))

    def _sampled(self) -> Iterator[Item]:
        """All names, and the images of a sample in which each is as likely as any other."""
        lot = random.SystemRandom()
        kept: list[Pair] = []
        seen = 0
        for item in self._all(None):
            if isinstance(item, RunEnd) or not item.is_there:
                yield item
                continue
            seen += 1
            if len(kept) < (self._params.sample or 0):
                kept.append(item)
            elif (place := lot.randrange(seen)) < len(kept):
                kept[place] = item
        yield from sorted(kept, key=lambda pair: pair.image)


def expected(lab: Lab, params: VerifyParams) -> int | None:
    """About how many images it will be, as far as the warehouse knows; None where it does not."""
    if params.sample:
        return params.sample
    if params.names or params.run or params.new or not lab.warehouse.exists():
        return None
    every: dict[str, object] = dict.fromkeys(("tests", "archived", "deleted"), "include")
    if params.project:
        every["project"] = [params.project]
    with opened_library(lab) as connection:
        return count_in(connection, select(every))
