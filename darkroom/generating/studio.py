"""Draw the jobs of a request: on its one server, or on several as one fleet.

Owns that choice, and that the results come in the order of the jobs. What is drawn and what is
said of it are the callers'.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from darkroom.core.jobs import EngineReceipt
from darkroom.generating.preparing import Prepared
from darkroom.writepath.batch import BatchResult, OnResult, draw_batch
from darkroom.writepath.desk import Answer, Committed, Desk, Job
from darkroom.writepath.drive import OnProgress
from darkroom.writepath.fleet import Order, draw_fleet
from darkroom.writepath.fleet_finding import place_of
from darkroom.writepath.fleet_opening import Servers
from darkroom.writepath.fleet_terms import Slot, free

Jobs: TypeAlias = Callable[[str], Sequence[Job]]
"""The engine that draws -> the jobs, always as many."""


def _nothing(_number: int, _result: BatchResult) -> None:
    return


@dataclass(frozen=True)
class Studio:
    """Where the images of one command are made."""

    desk: Desk
    servers: Servers
    on_progress: OnProgress | None = None
    slot: Slot = free

    def draw(
        self,
        prepared: Prepared,
        jobs: Jobs,
        answer: Answer | None,
        on_result: OnResult = _nothing,
        prefers: str | None = None,
    ) -> tuple[BatchResult, ...]:
        """Draw all; `prefers` is the server that has the model loaded already."""
        if not self.servers.is_fleet:
            return self._drawn_by_one(jobs(self.servers.receipt.engine), answer, on_result)
        results: dict[int, BatchResult] = {}
        orders: dict[int, Order] = {}
        for number, found in enumerate(self._ordered(prepared, cache(jobs), prefers)):
            if isinstance(found, Order):
                orders[number] = found
            else:
                results[number] = found
                on_result(number, found)
        numbers = list(orders)

        def tell(place: int, result: BatchResult) -> None:
            on_result(numbers[place], result)

        drawn = self._drawn_by_fleet(list(orders.values()), answer, tell) if orders else ()
        results |= dict(zip(numbers, drawn, strict=True))
        return tuple(results[number] for number in sorted(results))

    def _ordered(
        self, prepared: Prepared, jobs: Jobs, prefers: str | None
    ) -> Iterator[Order | Committed]:
        """What is to be drawn, or the image where any of the engines has drawn it."""
        engines = self.servers.engines
        for number in range(len(prepared.graphs)):

            def job(receipt: EngineReceipt, number: int = number) -> Job:
                return jobs(receipt.engine)[number]

            able = {host: jobs(engines[host])[number] for host in sorted(prepared.hosts)}
            found = place_of(self.desk, able)
            order = Order(prepared.model, job, prepared.hosts, found.prefers or prefers)
            yield found.image or order

    def _drawn_by_fleet(
        self, orders: Sequence[Order], answer: Answer | None, on_result: OnResult
    ) -> tuple[BatchResult, ...]:
        return draw_fleet(
            orders,
            self.desk,
            self.servers.hosts,
            answer=answer,
            on_result=on_result,
            on_progress=self.on_progress,
            slot=self.slot,
            terms=self.servers.terms,
        )

    def _drawn_by_one(
        self, jobs: Sequence[Job], answer: Answer | None, on_result: OnResult
    ) -> tuple[BatchResult, ...]:
        return draw_batch(
            jobs,
            self.desk,
            self.servers.first,
            answer,
            on_result,
            self.on_progress,
            slot=self.slot,
            terms=self.servers.terms_alone,
        )
