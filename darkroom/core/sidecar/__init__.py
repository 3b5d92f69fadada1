"""The sidecar: the document beside an image that commits it and can reproduce it.

Owns the schema and everything that reads or writes it, as pure functions over
bytes and records. Files and stores are the callers' business.
"""

from darkroom.core.sidecar.decoding import MAX_BYTES, MAX_DEPTH
from darkroom.core.sidecar.drawing import (
    Engine,
    Input,
    Lora,
    Parameters,
    Parent,
    Workflow,
)
from darkroom.core.sidecar.fields import moment
from darkroom.core.sidecar.findings import Finding
from darkroom.core.sidecar.judging import (
    Comparison,
    Cost,
    Evaluation,
    Iteration,
    JudgeReceipt,
    PromptsUsed,
    Quality,
    Refinement,
    Score,
)
from darkroom.core.sidecar.model import (
    SCHEMA,
    VERSION,
    Identity,
    Origin,
    Sidecar,
    Storage,
)
from darkroom.core.sidecar.reading import Reading, parse, read_any
from darkroom.core.sidecar.schema import json_schema
from darkroom.core.sidecar.scrubbing import compose, scrub
from darkroom.core.sidecar.upgrades import Form
from darkroom.core.sidecar.variations import combination_hash
from darkroom.core.sidecar.writing import as_document, serialise, to_flat, to_iteration

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "SCHEMA",
    "VERSION",
    "Comparison",
    "Cost",
    "Engine",
    "Evaluation",
    "Finding",
    "Form",
    "Identity",
    "Input",
    "Iteration",
    "JudgeReceipt",
    "Lora",
    "Origin",
    "Parameters",
    "Parent",
    "PromptsUsed",
    "Quality",
    "Reading",
    "Refinement",
    "Score",
    "Sidecar",
    "Storage",
    "Workflow",
    "as_document",
    "combination_hash",
    "compose",
    "json_schema",
    "moment",
    "parse",
    "read_any",
    "scrub",
    "serialise",
    "to_flat",
    "to_iteration",
]
