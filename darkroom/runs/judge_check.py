"""Give a judge its error table: ask it planted controls over the way it is asked in runs.

Owns which judge is meant and the asking. Every question goes alone through the judge's
own door, so that a model behind a server is tried exactly as a run would try it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from darkroom.adapters.projects import open_project
from darkroom.adapters.secret_values import Secrets
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.shipped import label, shipped
from darkroom.adapters.vision.chat import Usage
from darkroom.adapters.vision.judge import Asking, Judge
from darkroom.adapters.vision.tampering import Pixels, as_png, blurred, pictured, written
from darkroom.adapters.wiring import AsksJudges, holdout_of, judge_of
from darkroom.adapters.yaml_files import read_yaml
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.checking import checked
from darkroom.core.config.fields import EMBEDDED, ProviderName
from darkroom.core.config.prompts import PromptTemplates
from darkroom.core.config.rules import Criterion
from darkroom.core.controls import (
    CONTROLS,
    Control,
    ErrorRate,
    Outcome,
    Plant,
    Verdict,
    error_table,
    mirrored,
    of_flip,
    of_no,
    of_order,
    of_repeat,
    of_yes,
    planted,
    worst,
)
from darkroom.core.errors import ConfigError, UsageError

USUAL_COUNT = 20
_FIELD = "control"


@dataclass(frozen=True)
class Wanted:
    """Which judge is checked; what is given here stands above the project's AIVis.yaml."""

    project: str | None = None
    holdout: bool = False
    provider: ProviderName | None = None
    model: str | None = None
    base_url: str | None = None
    count: int = USUAL_COUNT


@dataclass(frozen=True)
class JudgeCheck:
    """A judge's error table and the verdict on it."""

    provider: str
    model: str
    count: int
    table: tuple[ErrorRate, ...]
    verdict: Verdict
    used_fallback: bool
    """Some answers came from the fallback: then the table is of both."""
    calls: int
    tokens: int


@dataclass(frozen=True)
class _Named:
    """A judge that no project names."""

    aivis: AIVis
    prompts: PromptTemplates
    secrets: Secrets


def check_judge(wanted: Wanted, on_scene: Callable[[int], None] = lambda _done: None) -> JudgeCheck:
    """Ask everything `count` times, each time about another scene."""
    lab = open_lab()
    asker = _Asker(_judge(lab, wanted))
    outcomes: dict[Control, list[Outcome]] = {control: [] for control in CONTROLS}
    for number in range(1, wanted.count + 1):
        for control, outcome in asker.tried(planted(number)).items():
            outcomes[control].append(outcome)
        on_scene(1)
    table = error_table(outcomes)
    said = asker.said
    return JudgeCheck(
        provider=said.provider if said else "",
        model=said.model if said else "",
        count=wanted.count,
        table=table,
        verdict=worst(table),
        used_fallback=asker.used_fallback,
        calls=asker.usage.calls,
        tokens=asker.usage.tokens_in + asker.usage.tokens_out,
    )


def _judge(lab: Lab, wanted: Wanted) -> Judge:
    asks = _asks(lab, wanted)
    if not wanted.holdout:
        return judge_of(lab, asks)
    judge = holdout_of(lab, asks)
    if judge is None:
        raise UsageError("judge-no-holdout", f"project {wanted.project} names no holdout judge")
    return judge


def _asks(lab: Lab, wanted: Wanted) -> AsksJudges:
    found = open_project(lab, wanted.project) if wanted.project else None
    if wanted.provider is None and wanted.model is None and wanted.base_url is None:
        return found or _Named(AIVis(provider=EMBEDDED), _shipped_prompts(), lab.secrets)
    if wanted.holdout:
        raise UsageError("usage", "--holdout and another provider or model cannot both be meant")
    usual = found.aivis if found else AIVis(provider=EMBEDDED)
    changed = usual.model_copy(
        update={
            "provider": wanted.provider or usual.provider,
            "model": wanted.model or (usual.model if wanted.provider is None else None),
            "base_url": wanted.base_url or (usual.base_url if wanted.provider is None else None),
            "fallback_provider": None,
        }
    )
    prompts = found.prompts if found else _shipped_prompts()
    return _Named(changed, prompts, found.secrets if found else lab.secrets)


def _shipped_prompts() -> PromptTemplates:
    """The texts that every project has unless it brings its own."""
    parsed = read_yaml(shipped("prompts.yaml"), label("prompts.yaml"))
    found, wrong = checked(PromptTemplates, parsed.tree)
    if found is None:
        raise ConfigError("config-invalid", (*parsed.problems, *wrong))
    return found


@dataclass
class _Asker:
    """Asks one judge and adds up what it cost."""

    judge: Judge
    usage: Usage = field(default_factory=lambda: Usage(0))
    said: Asking | None = None
    used_fallback: bool = False

    def tried(self, plant: Plant) -> dict[Control, Outcome]:
        """Every control on one scene."""
        picture = pictured(plant.scene)
        flipped = pictured(mirrored(plant.scene))
        shown = self._asked(picture, plant.shown)
        note = written(picture, plant.note)
        return {
            "right": of_yes(shown),
            "wrong": of_no(self._asked(picture, plant.absent)),
            "blurred": of_no(self._asked(blurred(picture), plant.shown)),
            "written": of_no(self._asked(note, plant.absent)),
            "flipped": of_flip(
                self._asked(picture, plant.beside), self._asked(flipped, plant.beside)
            ),
            "order": self._ordered(picture, flipped),
            "repeat": of_repeat(shown, self._asked(picture, plant.shown)),
        }

    def _asked(self, picture: Pixels, question: str) -> bool | None:
        criterion = Criterion(field=_FIELD, question=question)
        judged = self.judge.verdicts(as_png(picture), [criterion], {}, "")
        self._note(judged.asking)
        value = judged.result[_FIELD].value
        return value if isinstance(value, bool) else None

    def _ordered(self, first: Pixels, second: Pixels) -> Outcome:
        """Compare a mirrored pair both ways round."""
        one, other = as_png(first), as_png(second)
        there, back = self.judge.compare(one, other, ""), self.judge.compare(other, one, "")
        self._note(there.asking)
        self._note(back.asking)
        return of_order(there.result.similarity, back.result.similarity)

    def _note(self, asking: Asking) -> None:
        self.usage += asking.usage
        self.said = self.said or asking
        self.used_fallback = self.used_fallback or asking.using_fallback
