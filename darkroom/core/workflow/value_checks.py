"""Whether a host takes the value an input holds.

Owns the checks of numbers, texts and choices, with the ranges and lists the host
declares, and the special words for seeds and for files that are not there.
"""

import math
from dataclasses import replace

from darkroom.core.workflow.findings import Finding, about, first_few, shown
from darkroom.core.workflow.graph import Node
from darkroom.core.workflow.json_shape import as_list, as_object, number
from darkroom.core.workflow.nearest import nearest_name
from darkroom.core.workflow.object_info import COMBO, DYNAMIC_COMBO, WIDGET_KINDS, InputSpec

_SEEDS = frozenset({"seed", "noise_seed"})
_Use = tuple[Node, str]


def value_findings(
    use: _Use, value: object, declared: InputSpec, uploads: frozenset[str]
) -> list[Finding]:
    """What is wrong with one value."""
    if declared.kind in ("INT", "FLOAT"):
        return _number(use, value, declared)
    if declared.kind in (COMBO, DYNAMIC_COMBO):
        return _choice(use, value, declared, uploads)
    wants_link = declared.kind not in WIDGET_KINDS and not _is_open(declared.kind)
    if wants_link and not isinstance(value, dict):
        message = f"takes a link of type {declared.kind}, not the value {shown(value)}"
        return [_finding(use, "link-expected", message, value)]
    return []


def _is_open(kind: str) -> bool:
    """Types that may hold values we cannot judge: any, unions with a plain one, custom widgets."""
    parts = {part.strip() for part in kind.split(",")}
    return "*" in parts or bool(parts & WIDGET_KINDS) or kind.startswith("COMFY_")


def _finding(use: _Use, code: str, message: str, value: object) -> Finding:
    node, name = use
    return replace(about(node, "error", code, message), input=name, value=value)


def _number(use: _Use, value: object, declared: InputSpec) -> list[Finding]:
    amount = _as_number(value, declared.kind)
    if amount is None:
        kind = "a whole number" if declared.kind == "INT" else "a number"
        return [_finding(use, "not-a-number", f"must be {kind}, not {shown(value)}", value)]
    low, high = declared.minimum, declared.maximum
    if use[1] in _SEEDS and amount < 0:
        message = f"seed {value} means 'random' to editors only: draw a seed before sending"
        finding = _finding(use, "seed-not-drawn", message, value)
        is_taken = low is not None and low <= amount
        return [replace(finding, severity="warning") if is_taken else finding]
    if (low is not None and amount < low) or (high is not None and amount > high):
        message = f"{shown(value)} is outside {_bound(low)}..{_bound(high)}"
        finding = _finding(use, "out-of-range", message, value)
        return [replace(finding, allowed=(f"{_bound(low)}..{_bound(high)}",))]
    return []


def _as_number(value: object, kind: str) -> float | None:
    """The number the server makes of a value: it converts texts, and true to 1."""
    if isinstance(value, str | bool):
        try:
            return int(value) if kind == "INT" else float(value)
        except ValueError:
            return None
    amount = number(value)
    return amount if amount is not None and math.isfinite(amount) else None


def _bound(limit: float | None) -> str:
    if limit is None:
        return ""
    return str(int(limit)) if limit == int(limit) else f"{limit:g}"


def _choice(
    use: _Use, value: object, declared: InputSpec, uploads: frozenset[str]
) -> list[Finding]:
    if declared.options is None:
        return []
    wrapped = as_object(value)
    inner = wrapped.get("__value__") if wrapped else value
    chosen = as_list(inner) if declared.extra.get("multiselect") else None
    return [
        finding
        for one in (chosen if chosen is not None else [inner])
        if (finding := _one_choice(use, one, declared, uploads))
    ]


def _one_choice(
    use: _Use, value: object, declared: InputSpec, uploads: frozenset[str]
) -> Finding | None:
    options = declared.options or ()
    if value in options:
        return None
    if declared.is_upload and isinstance(value, str):
        return _file(use, value, declared, uploads)
    names = [option for option in options if isinstance(option, str)]
    finding = _finding(use, "not-in-list", f"{shown(value)} is not {_offer(len(options))}", value)
    allowed, more = first_few(options)
    near = nearest_name(value, names) if isinstance(value, str) else None
    return replace(finding, allowed=allowed, allowed_more=more, nearest=near)


def _offer(count: int) -> str:
    """What the host has, in the words after 'is not'."""
    if count == 0:
        return "there: the host lists nothing that could be chosen here"
    return "the one value the host has" if count == 1 else f"among the {count} values the host has"


def _file(use: _Use, value: str, declared: InputSpec, uploads: frozenset[str]) -> Finding | None:
    name = value.removesuffix(" [input]")
    options = declared.options or ()
    if name in uploads or name in options:
        return None
    if "/" in name or "\\" in name or name.endswith("]"):
        message = f"{shown(value)} lies in a folder that the host does not list; not checked"
        return replace(_finding(use, "file-unchecked", message, value), severity="warning")
    message = f"the host has no input file {shown(value)}: give it with --input, or upload it first"
    finding = _finding(use, "file-missing", message, value)
    allowed, more = first_few(options)
    near = nearest_name(value, [option for option in options if isinstance(option, str)])
    return replace(finding, allowed=allowed, allowed_more=more, nearest=near)
