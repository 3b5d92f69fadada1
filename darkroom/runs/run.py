"""One open run: what it works with and what it has done so far.

Owns the record that every step reads and adds to, and the number of the next
iteration. What is added here was saved first; nothing in it is true only in memory.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Self

from darkroom.adapters.projects import Project
from darkroom.adapters.renderer import Renderer
from darkroom.adapters.vision.judge import Comparison, Judge
from darkroom.core.answers import Answer
from darkroom.core.config.rules import Criterion
from darkroom.core.decide import Plan, Step, Tried, Try, best_of, drawn_seed, next_step
from darkroom.core.keys import RunKeys
from darkroom.runs.checkpoint import Checkpoint
from darkroom.runs.documents import Documents
from darkroom.writepath.batch import one_server
from darkroom.writepath.desk import Desk
from darkroom.writepath.fleet_opening import Servers
from darkroom.writepath.fleet_terms import Terms


@dataclass(frozen=True)
class Image:
    """One image of the run, as the store has it."""

    iteration: int
    key: str
    sha256: str
    fresh: bool = True
    """False when nothing had to be drawn for it."""
    seconds: float | None = None
    copied_from: str | None = None
    """The key of the earlier run's image that this one is a copy of."""
    drawn_by: "Drawer | None" = None
    """Whose promise it is; None: that of the run's one server."""


@dataclass(frozen=True)
class Original:
    """The input image and what it shows, described once per run."""

    data: bytes
    filename: str
    sha256: str
    description: str = ""


@dataclass(frozen=True)
class Answers:
    """What a judge said of one image, and how the asking went."""

    open: dict[str, Answer]
    criteria: dict[str, Answer]
    asking: dict[str, object]
    """S2's aivis_metadata."""
    usage: dict[str, int]
    raw: tuple[str, ...] = ()
    """What the judge wrote where something in it could not be used."""


@dataclass(frozen=True)
class Iteration:
    """One iteration that came to its end."""

    tried: Tried
    why: str
    image: Image | None = None
    answers: Answers | None = None
    comparison: Comparison | None = None
    holdout: float | None = None
    """The score by the judge that only watches."""


@dataclass(frozen=True)
class Drawer:
    """A server, as far as the job of an image goes."""

    renderer: Renderer
    engine: str
    """What else decides the pixels: kind and version of the engine."""


@dataclass
class Several:
    """The servers of a run that has more than one."""

    servers: Servers
    able: frozenset[str]
    """Those that can draw what the run sends."""
    drew_last: str | None = None
    """The model is loaded there."""


@dataclass(frozen=True)
class Tools:
    """What a run reaches the world with."""

    desk: Desk
    renderer: Renderer
    """The server that draws, or the first of several."""
    engine: str
    """What else decides the pixels: kind and version of the engine."""
    judge: Judge
    holdout: Judge | None = None
    several: Several | None = None
    terms: Terms = field(default_factory=one_server)
    """How patient it is where one server draws alone."""

    @property
    def drawer(self) -> Drawer:
        """The one server."""
        return Drawer(self.renderer, self.engine)

    @property
    def hosts(self) -> str:
        """Every server that may draw, by name."""
        return self.several.servers.names if self.several else self.renderer.name

    @property
    def engines(self) -> str:
        """What those that answered are."""
        if self.several is None:
            return self.engine
        return ", ".join(dict.fromkeys(self.several.servers.engines.values()))


class Run:
    """An open run; no dataclass on purpose: a scheduler looks into those, and finds secrets."""

    def __init__(
        self, project: Project, plan: Plan, tools: Tools, docs: Documents, checkpoint: Checkpoint
    ) -> None:
        self.project = project
        self.plan = plan
        self.tools = tools
        self.docs = docs
        self.checkpoint = checkpoint
        self.original: Original | None = None
        self.notes: tuple[str, ...] = ()
        """A person's notes on the ranking this run started from."""
        self.iterations: list[Iteration] = []
        self.is_test = False
        """Whether it was begun as a test."""
        self.is_fresh = False
        """Whether it draws also what the store has."""
        self.is_control = False
        """Whether it spends images on plain reseeding: then it is no run of its own to resume."""
        self.home = project.folder
        """The laboratory's folder, where the state of this machine is kept."""
        self.is_shown = True
        """Whether the scheduler's own pages still take what the run shows."""
        self.meanwhile: list[str] = []
        """What servers did in the middle of the work: one died, one came back."""
        self.open_things = ExitStack()

    @property
    def keys(self) -> RunKeys:
        """Where everything of it lies in the store."""
        return self.docs.keys

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """What an image must pass."""
        return self.project.rules.acceptance_criteria

    @property
    def retries(self) -> int:
        """How often a server that does not answer is tried again before an iteration fails."""
        return self.project.aigen.comfyui.retries

    @property
    def counted(self) -> list[Iteration]:
        """The iterations that decisions are based on."""
        left_out = self.checkpoint.left_out
        return [item for item in self.iterations if item.tried.iteration not in left_out]

    @property
    def next_number(self) -> int:
        """The number no iteration has."""
        return max((item.tried.iteration for item in self.iterations), default=0) + 1

    @property
    def best(self) -> Iteration | None:
        """The best iteration so far."""
        best = best_of([item.tried for item in self.counted])
        return self.iteration(best.iteration) if best else None

    def iteration(self, number: int) -> Iteration | None:
        """The iteration of that number."""
        return next((item for item in self.iterations if item.tried.iteration == number), None)

    def decide(self) -> Step:
        """What follows from all that counts; a number that was used once is not used again."""
        step = next_step(self.plan, [item.tried for item in self.counted])
        if not isinstance(step, Try) or step.iteration == self.next_number:
            return step
        number, settings = self.next_number, step.settings
        if not self.plan.fixed_seed:
            settings = replace(settings, seed=drawn_seed(self.plan.run_id, number))
        return replace(step, iteration=number, settings=settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.open_things.close()
