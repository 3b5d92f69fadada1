"""Lay saved widget values beside the inputs they belong to.

Owns the order: the editor saves values by position only, in the order of
`/object_info`, with an extra value behind a seed ("control after generate") and the
inputs of a chosen option right behind the choice. A value that cannot belong to its
input is an error, because everything behind it would be off by one as well.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from darkroom.core.workflow.json_shape import as_list, as_object, number
from darkroom.core.workflow.object_info import COMBO, DYNAMIC_COMBO, InputSpec, NodeSpec
from darkroom.core.workflow.ui_format import UiNode

_CONTROLS = frozenset({"fixed", "increment", "decrement", "randomize", "increment-wrap"})
_PREVIEWS = frozenset({"videopreview", "imagepreview", "audiopreview"})


@dataclass
class Widgets:
    """The values of one node by input name, what does not fit, and what was assumed."""

    values: dict[str, object] = field(default_factory=dict[str, object])
    problems: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])


def widget_values(node: UiNode, spec: NodeSpec) -> Widgets:
    """The saved values of a node by the names of its inputs."""
    named = as_object(node.values)
    if named is not None:
        return _by_name(named)
    saved = as_list(node.values) or []
    if _holds_rows(saved):
        return _rows(saved)
    return _by_position(node, spec, saved)


def _by_name(named: Mapping[str, object]) -> Widgets:
    """Some nodes save an object, which needs no counting."""
    kept = {name: value for name, value in named.items() if name not in _PREVIEWS}
    return Widgets({name: wrapped(value) for name, value in kept.items() if value is not None})


def _holds_rows(saved: list[object]) -> bool:
    return any("lora" in (as_object(value) or {}) for value in saved)


def _rows(saved: list[object]) -> Widgets:
    """The Power Lora Loader of rgthree: one object per LoRA, among headers and spacers."""
    rows = [row for value in saved if (row := as_object(value)) and "lora" in row]
    return Widgets({f"lora_{index}": dict(row) for index, row in enumerate(rows, start=1)})


def _by_position(node: UiNode, spec: NodeSpec, saved: list[object]) -> Widgets:
    found = Widgets()
    slots = {slot.widget for slot in node.inputs if slot.widget}
    pending = deque(one for one in spec.inputs.values() if one.is_widget or one.name in slots)
    left = deque(saved)
    while pending:
        declared = pending.popleft()
        if not left:
            _assume(declared, found)
        else:
            value = left.popleft()
            _skip_control(declared, left, pending)
            _take(declared, value, found)
        chosen = found.values.get(declared.name)
        if declared.kind == DYNAMIC_COMBO and isinstance(chosen, str):
            inner = [one for one in declared.choices.get(chosen, ()) if one.is_widget]
            pending.extendleft(reversed(inner))
    _mention_surplus(left, spec, found)
    return found


def _mention_surplus(left: deque[object], spec: NodeSpec, found: Widgets) -> None:
    """Values behind the last input: an upload button's, or those of a newer node."""
    surplus = [value for value in left if value not in (None, "")]
    if surplus and not any(one.is_upload for one in spec.inputs.values()):
        found.notes.append(f"{len(surplus)} saved values have no input and are left out")


def _assume(declared: InputSpec, found: Widgets) -> None:
    """The file is older than the node: the editor would show the default."""
    if declared.default is not None:
        found.values[declared.name] = wrapped(declared.default)
        found.notes.append(f"{declared.name} was not saved; the default is taken")


def _take(declared: InputSpec, value: object, found: Widgets) -> None:
    if value is None:
        _assume(declared, found)
    elif fits(declared, value):
        found.values[declared.name] = wrapped(value)
    else:
        found.problems.append(f"the saved value {value!r} cannot be {declared.name}")


def _skip_control(declared: InputSpec, left: deque[object], pending: deque[InputSpec]) -> None:
    """Drop the "control after generate" value behind a seed, where one was saved.

    Hosts do not always declare it, and some nodes take it away again; so the saved
    value itself decides. Very old files hold true or false there, and a choice has a
    filter behind its control.
    """
    if not left or declared.kind not in ("INT", "FLOAT", COMBO):
        return
    after = pending[0] if pending else None
    has_surplus = len(left) > len(pending)
    if isinstance(left[0], str) and left[0] in _CONTROLS:
        may_be_its_own = after is not None and fits(after, left[0])
        if has_surplus or not may_be_its_own:
            left.popleft()
            if declared.kind == COMBO and left and left[0] == "" and len(left) > len(pending):
                left.popleft()
    elif isinstance(left[0], bool) and declared.has_control and has_surplus:
        left.popleft()


def fits(declared: InputSpec, value: object) -> bool:
    """Whether a saved value can belong to an input at all; ranges and lists are not asked."""
    match declared.kind:
        case "INT" | "FLOAT":
            return number(value) is not None or _is_numeric(value)
        case "BOOLEAN":
            return isinstance(value, bool | int | str)
        case "STRING":
            return isinstance(value, str | int | float)
        case "COMBO":
            is_choice = isinstance(value, str | int | float)
            return is_choice or bool(declared.extra.get("multiselect"))
        case _:
            return True


def _is_numeric(value: object) -> bool:
    try:
        float(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def wrapped(value: object) -> object:
    """A value as the API format holds it: a bare list would be read as a link."""
    listed = as_list(value)
    return value if listed is None else {"__value__": listed}
