"""Which images are meant: the filters that search, export, statistics and annotating share.

Owns the list of filters, from which every door makes its options. How a filter may be
written is `selection_reading`'s.
"""

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text", "texts", "range", "whole", "least", "flag", "moment", "leave", "axis", "of", "entry"
]
LEAVE = ("exclude", "include", "only")


@dataclass(frozen=True)
class Filter:
    """One way to narrow a search."""

    name: str
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    of: str = ""
    """The range that a `least` filter gives the lower end of."""
    most: float = math.inf
    """No value is above it as a rule; below zero there is none either."""


FILTERS: tuple[Filter, ...] = (
    Filter("prompt", "text", "The prompt holds this text."),
    Filter("without", "text", "The prompt does not hold this text."),
    Filter("negative", "text", "The negative prompt holds this text."),
    Filter("project", "texts", "The project; repeatable."),
    Filter("run", "texts", "The run, as RUN_ID or PROJECT/RUN_ID; repeatable."),
    Filter("image", "texts", "The image's key; repeatable."),
    Filter("iteration", "whole", "Iterations of a run, e.g. 1..3."),
    Filter(
        "since", "moment", "Made on or after: 2026-01-31, 2026-01-31T12:00, or 7d, 12h, 2w ago."
    ),
    Filter("until", "moment", "Made before; written as with --since."),
    Filter("model", "text", "The model's name holds this text."),
    Filter("workflow", "text", "The workflow's name holds this text."),
    Filter("preset", "text", "The preset."),
    Filter("lora", "text", "A LoRA whose name holds this text was used."),
    Filter("sampler", "text", "The sampler."),
    Filter("scheduler", "text", "The scheduler."),
    Filter("seed", "whole", "Seeds, e.g. 42 or 10000..20000."),
    Filter("steps", "whole", "Steps, e.g. 20..30."),
    Filter("cfg", "range", "CFG, e.g. 5..7.5."),
    Filter("guidance", "range", "Distilled guidance, e.g. 3..4."),
    Filter("denoise", "range", "Denoise, e.g. 0.4..0.6."),
    Filter("width", "whole", "Width in pixels."),
    Filter("height", "whole", "Height in pixels."),
    Filter("strategy", "text", "The strategy of a refinement."),
    Filter("variation", "axis", "A varied axis and its value, as AXIS=VALUE."),
    Filter(
        "score",
        "range",
        "The score from 0 to 1: the validation score, else a tenth of the quality.",
        most=1,
    ),
    Filter("min_score", "least", "At least this score from 0 to 1.", of="score", most=1),
    Filter("quality", "range", "The composite score from 0 to 10.", most=10),
    Filter("min_quality", "least", "At least this composite score.", of="quality", most=10),
    Filter("grade", "texts", "A grade; repeatable.", ("A", "B", "C", "D", "F")),
    Filter("metric", "of", "One metric from 0 to 10, as NAME=6..10 or NAME."),
    Filter("criteria", "range", "Criteria met, in percent.", most=100),
    Filter("accepted", "flag", "All criteria of the run were met."),
    Filter("passed", "text", "This criterion was met."),
    Filter("missed", "text", "This criterion was not met."),
    Filter("similarity", "range", "Likeness to the input image from 0 to 1.", most=1),
    Filter("liked", "flag", "Somebody likes it."),
    Filter("rating", "range", "A person's rating from 0 to 10.", most=10),
    Filter("min_rating", "least", "At least this rating.", of="rating", most=10),
    Filter("status", "text", "What a person said of it.", ("ok", "ko")),
    Filter("technical_quality", "text", "What a person said of it.", ("perfect", "imperfect")),
    Filter(
        "failure",
        "texts",
        "How it failed; repeatable.",
        ("malformed", "noise", "incomplete", "off_prompt"),
    ),
    Filter("notes", "text", "A note holds this text."),
    Filter(
        "extra",
        "entry",
        "Extra metadata of the image, as KEY=VALUE or KEY; dots lead inside: camera.lens=50mm.",
    ),
    Filter("annotated", "flag", "Somebody said something of it."),
    Filter("tests", "leave", "Images of test runs.", LEAVE),
    Filter("archived", "leave", "Images of archived runs.", LEAVE),
    Filter("deleted", "leave", "Deleted images.", LEAVE),
)
BY_NAME = {item.name: item for item in FILTERS}
