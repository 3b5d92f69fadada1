"""How this laboratory, or one project of it, scores: settings, table, calibration, place.

Owns where those files are looked for: what is shipped, above it `scoring/` of the
laboratory, above that `config/scoring/` of a project. `scoring.yaml` there is a person's,
`current.json` says which calibration and weights made by Darkroom are in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from darkroom.adapters.confined import Refused
from darkroom.adapters.json_files import read_json
from darkroom.adapters.projects import project_folder
from darkroom.adapters.scorers.resident_place import ScoringPlace
from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.settings import Lab
from darkroom.adapters.shipped import label, shipped
from darkroom.adapters.yaml_files import load_yaml
from darkroom.core.config.checking import checked
from darkroom.core.config.fields import Record, ShortName, Text
from darkroom.core.config.tree import merge
from darkroom.core.errors import ConfigError, DataError, UsageError
from darkroom.core.scoring.calibration import Calibration, apply, renormalised, spec_of
from darkroom.core.scoring.composite import Tier as AnyTier
from darkroom.core.scoring.composite import Weights
from darkroom.core.scoring.metrics import MetricSpec, MetricTable, Tier
from darkroom.core.scoring.settings import Assessment, ScoringSettings, assess
from darkroom.core.sidecar.judging import Score

FILE = "scoring.yaml"
CURRENT = "current.json"
SHIPPED = "shipped"
"""The word for what comes with Darkroom, where an id could stand."""
_LAB_FOLDER = "scoring"
_PROJECT_FOLDER = "config/scoring"
_PLACE = ".darkroom/scoring"
_WEIGHTS = ".darkroom/weights"
_M = TypeVar("_M", bound=BaseModel)


class Current(Record):
    """Which of the files made here are in use, by tier; one that is absent is as shipped."""

    calibration: dict[Tier, ShortName] = Field(default_factory=dict[Tier, ShortName])
    weights: dict[Tier, ShortName] = Field(default_factory=dict[Tier, ShortName])


class FittedWeights(Record):
    """A file of fitted weights, as `darkroom scores fit` writes it."""

    document: Literal["darkroom.weights/1"] = Field(default="darkroom.weights/1", alias="schema")
    tier: Tier
    at: Text
    weights: Weights
    report: dict[str, object]


@dataclass(frozen=True)
class Scoring:
    """Everything that decides what an image's scores come to."""

    settings: ScoringSettings
    table: MetricTable
    """Under the calibrations in use."""
    calibrations: Mapping[Tier, str]
    """Their ids; a tier without one is as shipped."""
    place: ScoringPlace
    folder: Path
    """Where new calibrations and weights are written."""

    @property
    def tier(self) -> Tier:
        """The tier that measures where none is named."""
        return self.settings.tier

    @property
    def weights(self) -> Weights:
        """The weights of that tier."""
        return self.settings.weights_of(self.tier)

    @property
    def calibration(self) -> str | None:
        """The calibration of that tier; None for the shipped one."""
        return self.calibrations.get(self.tier)

    def specs(self, tier: Tier) -> tuple[MetricSpec, ...]:
        """The metrics of a tier; an unknown composite would follow from none."""
        return self.table.in_tier(tier)

    def counts(self, score: Score) -> bool:
        """Whether a score enters the composite; one of a metric we do not know does not."""
        spec = spec_of(score, self.table)
        return spec is not None and spec.counts

    def settled(self, scores: tuple[Score, ...] | list[Score]) -> tuple[Score, ...]:
        """The same measurements under the calibration in use."""
        return tuple(renormalised(score, self.table) for score in scores)

    def assess(self, scores: tuple[Score, ...], tier: AnyTier | None = None) -> Assessment:
        """What the scores of one image come to."""
        return assess(scores, self.settings, self.counts, tier)

    def with_tier(self, tier: Tier | None) -> "Scoring":
        """The same with another tier, where one is named."""
        return replace(self, settings=self.settings.model_copy(update={"tier": tier or self.tier}))


def scoring_of(lab: Lab, project: str | None = None) -> Scoring:
    """Read how a project, or the laboratory, scores; every mistake is in the error."""
    folders = folders_of(lab, project)
    settings = _settings(lab, folders)
    current = _current(folders)
    fitted = {
        tier: _find(folders, f"weights-{name}.json", FittedWeights).weights
        for tier, name in current.weights.items()
    }
    settings = settings.model_copy(update={"tier_weights": {**settings.tier_weights, **fitted}})
    table = metric_table()
    for name in current.calibration.values():
        table = apply(_find(folders, f"calibration-{name}.json", Calibration), table)
    return Scoring(settings, table, current.calibration, place_of(lab), folders[0])


def place_of(lab: Lab) -> ScoringPlace:
    """Where the scoring process of this laboratory listens; asks no file."""
    return ScoringPlace(lab.path(_PLACE), lab.path(_WEIGHTS))


def folders_of(lab: Lab, project: str | None) -> tuple[Path, ...]:
    """Where files of ours may lie, the nearest first."""
    lab_folder = lab.path(_LAB_FOLDER)
    if project is None:
        return (lab_folder,)
    return (project_folder(lab, project) / _PROJECT_FOLDER, lab_folder)


def _settings(lab: Lab, folders: tuple[Path, ...]) -> ScoringSettings:
    tree = load_yaml(shipped(FILE), label(FILE))
    for folder in reversed(folders):
        path = folder / FILE
        if path.exists():
            tree = merge(tree, load_yaml(path, lab.shown(path)))
    settings, problems = checked(ScoringSettings, tree)
    if settings is None:
        raise ConfigError("config-invalid", problems)
    return settings


def read_current(folder: Path) -> Current | None:
    """What a folder says is in use; None where it says nothing."""
    path = folder / CURRENT
    return read_made(path, Current) if path.exists() else None


def _current(folders: tuple[Path, ...]) -> Current:
    """The nearest folder that says anything decides; nothing is mixed from two."""
    return next((found for folder in folders if (found := read_current(folder))), Current())


def _find(folders: tuple[Path, ...], name: str, model: type[_M]) -> _M:
    for folder in folders:
        path = folder / name
        if path.exists():
            return read_made(path, model)
    raise UsageError("scores-file-missing", "is in use and is not there", where=name)


def read_made(path: Path, model: type[_M]) -> _M:
    """A file that was written here, or DataError."""
    try:
        return model.model_validate(read_json(path))
    except Refused as exc:
        raise DataError("scores-file-damaged", f"the file {exc}", where=path.name) from exc
    except ValidationError as exc:
        places = [".".join(map(str, each["loc"])) for each in exc.errors(include_url=False)]
        message = f"is not what Darkroom wrote: {', '.join(places[:5])}"
        raise DataError("scores-file-damaged", message, where=path.name) from exc
