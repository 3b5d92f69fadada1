"""docs/scoring.md says what the shipped tables say."""

from pathlib import Path

import pytest

from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.generating.refining import refinement_table

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scoring.md").read_text()


def row(spec: MetricSpec) -> str:
    anchors = ", ".join(f"{raw:g} → {value:g}" for raw, value in spec.normalisation.anchors)
    counts = "yes" if spec.counts else "no"
    dimension = spec.dimension.replace("_", " ")
    return f"| `{spec.name}` | {spec.tier} | {dimension} | {counts} | {spec.unit} | {anchors} |"


@pytest.mark.parametrize("spec", metric_table().metrics, ids=lambda s: f"{s.tier}-{s.name}")
def test_the_mapping_of_every_metric_is_documented(spec: MetricSpec) -> None:
    assert row(spec) in PAGE.splitlines()


def test_the_strategies_are_documented() -> None:
    table = refinement_table()
    for name in ("progressive", "seed_search", "prompt_enhance"):
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
        for attempt in table.strategies.of(name).attempts:
            for value in (attempt.steps, attempt.seed, attempt.append):
                assert value is None or str(value) in line
