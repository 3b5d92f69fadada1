"""What a host says its nodes take: a typed view of `/object_info`.

Owns the reading of both combo styles (a bare list, and "COMBO" with options), of
ranges, of inputs that only links may feed, and of the choices that bring inputs of
their own. A class is read when it is first asked for: hosts have hundreds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.json_shape import (
    as_list,
    as_object,
    list_at,
    number,
    object_at,
    text_at,
)

COMBO = "COMBO"
DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
WIDGET_KINDS = frozenset(
    {
        "INT",
        "FLOAT",
        "STRING",
        "BOOLEAN",
        COMBO,
        DYNAMIC_COMBO,
        "COLOR",
        "MARKDOWN",
        "BOUNDING_BOX",
        "CURVE",
        "AUDIO_UI",
        "LOAD_3D",
        "WEBCAM",
    }
)
"""Types for which the editor shows a widget, and so saves a value."""

_SEED_NAMES = frozenset({"seed", "noise_seed"})
_UPLOADS = ("image_upload", "video_upload", "audio_upload", "animated_image_upload")


@dataclass(frozen=True)
class InputSpec:
    """One input as the host declares it."""

    name: str
    kind: str
    required: bool
    options: tuple[object, ...] | None
    """What a combo may hold; None where the host gives no list."""
    extra: Mapping[str, object]
    choices: Mapping[str, tuple["InputSpec", ...]] = field(
        default_factory=dict[str, tuple["InputSpec", ...]]
    )
    """The inputs that each choice of a dynamic combo brings."""

    @property
    def is_widget(self) -> bool:
        """Whether the editor shows a widget for it."""
        return self.kind in WIDGET_KINDS and not self.extra.get("forceInput")

    @property
    def minimum(self) -> float | None:
        """The smallest value the host takes."""
        return number(self.extra.get("min"))

    @property
    def maximum(self) -> float | None:
        """The largest value the host takes."""
        return number(self.extra.get("max"))

    @property
    def is_upload(self) -> bool:
        """Whether its values are files of the host's input folder."""
        return any(self.extra.get(flag) for flag in _UPLOADS)

    @property
    def has_control(self) -> bool:
        """Whether the editor puts a "control after generate" value behind it."""
        flag = self.extra.get("control_after_generate")
        if flag is None:
            return self.kind == "INT" and self.name.rpartition(".")[2] in _SEED_NAMES
        return bool(flag)

    @property
    def default(self) -> object:
        """What the editor puts in when nothing was saved; None where nothing can be said."""
        if "default" in self.extra:
            return self.extra["default"]
        return self.options[0] if self.options else None


@dataclass(frozen=True)
class NodeSpec:
    """One node class as the host declares it."""

    class_type: str
    display_name: str
    inputs: Mapping[str, InputSpec]
    """In the order in which the editor shows them."""
    outputs: tuple[str, ...]
    is_output: bool


@dataclass(frozen=True)
class Catalogue:
    """All node classes of one host."""

    document: Mapping[str, object]
    _read: dict[str, NodeSpec] = field(default_factory=dict[str, NodeSpec])

    def __contains__(self, class_type: object) -> bool:
        return class_type in self.document

    def __iter__(self) -> Iterator[str]:
        return iter(self.document)

    def get(self, class_type: str) -> NodeSpec | None:
        """The class of that name, or None where the host has none."""
        if class_type not in self._read and class_type in self.document:
            self._read[class_type] = _node(class_type, object_at(self.document, class_type))
        return self._read.get(class_type)


def read_object_info(data: object, where: str = "object_info") -> Catalogue:
    """Check that this is an `/object_info` answer."""
    document = as_object(data)
    first = next(iter(document.values()), None) if document else None
    if document is None or "input" not in (as_object(first) or {}):
        raise WorkflowError(
            "workflow-object-info",
            "this is not what a server answers to GET /object_info",
            where=where,
        )
    return Catalogue(document)


def _node(class_type: str, data: Mapping[str, object]) -> NodeSpec:
    declared = object_at(data, "input")
    order = object_at(data, "input_order")
    inputs: dict[str, InputSpec] = {}
    for group in ("required", "optional"):
        specs = object_at(declared, group)
        named = [name for name in list_at(order, group) if isinstance(name, str) and name in specs]
        for name in [*named, *(name for name in specs if name not in named)]:
            inputs[name] = input_spec(name, specs[name], required=group == "required")
    return NodeSpec(
        class_type=class_type,
        display_name=text_at(data, "display_name") or class_type,
        inputs=inputs,
        outputs=tuple(_type_name(kind) for kind in list_at(data, "output")),
        is_output=bool(data.get("output_node")),
    )


def _type_name(kind: object) -> str:
    """The name of an output type; some nodes declare a list of choices in its place."""
    return kind if isinstance(kind, str) else COMBO


def input_spec(name: str, declared: object, *, required: bool) -> InputSpec:
    """Read one declared input in either combo style."""
    parts = as_list(declared) or []
    kind = parts[0] if parts else None
    extra = (as_object(parts[1]) if len(parts) > 1 else None) or {}
    options = as_list(kind)
    if options is not None:
        return InputSpec(name, COMBO, required, tuple(options), extra)
    word = kind if isinstance(kind, str) else "*"
    if word == DYNAMIC_COMBO:
        choices = _choices(name, extra)
        return InputSpec(name, word, required, tuple(choices), extra, choices)
    listed = as_list(extra.get("options")) if word == COMBO else None
    return InputSpec(name, word, required, None if listed is None else tuple(listed), extra)


def _choices(name: str, extra: Mapping[str, object]) -> dict[str, tuple[InputSpec, ...]]:
    choices: dict[str, tuple[InputSpec, ...]] = {}
    for entry in list_at(extra, "options"):
        choice = as_object(entry) or {}
        inputs = object_at(choice, "inputs")
        choices[text_at(choice, "key")] = tuple(
            input_spec(f"{name}.{key}", declared, required=group == "required")
            for group in ("required", "optional")
            for key, declared in object_at(inputs, group).items()
        )
    return choices
