"""Which servers of a fleet can draw a graph, and why the others cannot.

Owns the comparison of one graph with what every server says it has. What comes of it is the
caller's: a server that lacks something is no mistake while another has it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from darkroom.core.fleet.choosing import Bench, Needs, can_draw
from darkroom.core.workflow.graph import Graph
from darkroom.core.workflow.object_info import Catalogue
from darkroom.core.workflow.preflight import preflight

_MOST_TOLD = 3


@dataclass(frozen=True)
class Fitting:
    """One graph against every server."""

    hosts: frozenset[str]
    """Those that can draw it."""
    wrong: Mapping[str, tuple[str, ...]]
    """Why each of the others cannot; every line names its server."""
    warnings: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything wrong, server by server."""
        return tuple(text for texts in self.wrong.values() for text in texts)

    @property
    def summary(self) -> str:
        """The first few of each server, in one line."""
        told = [_shortened(texts) for texts in self.wrong.values()]
        return "; ".join(told)


def fitting(
    graph: Graph, catalogues: Mapping[str, Catalogue], uploads: Collection[str] = ()
) -> Fitting:
    """Compare the graph with every server's own table of nodes."""
    wrong: dict[str, tuple[str, ...]] = {}
    warnings: dict[str, None] = {}
    for host, catalogue in catalogues.items():
        findings = preflight(graph, catalogue, uploads=uploads)
        texts = [f"{host}: {str(each).removeprefix('error: ')}" for each in findings]
        is_error = [each.severity == "error" for each in findings]
        errors = tuple(text for text, bad in zip(texts, is_error, strict=True) if bad)
        if errors:
            wrong[host] = errors
        warnings |= {text: None for text, bad in zip(texts, is_error, strict=True) if not bad}
    return Fitting(frozenset(catalogues) - frozenset(wrong), wrong, tuple(warnings))


def permitted(
    found: Fitting, model: str | None, models: Mapping[str, tuple[str, ...] | None]
) -> Fitting:
    """The same without the servers that may not draw this model."""
    barred = {
        host: (f"{host}: `models` in darkroom.yaml does not let it draw {model}",)
        for host in sorted(found.hosts)
        if not can_draw(Bench(host, None, models.get(host)), Needs(model))
    }
    return Fitting(found.hosts - set(barred), {**found.wrong, **barred}, found.warnings)


def _shortened(texts: tuple[str, ...]) -> str:
    more = len(texts) - _MOST_TOLD
    return "; ".join(texts[:_MOST_TOLD]) + (f"; ... and {more} more" if more > 0 else "")
