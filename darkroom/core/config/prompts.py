"""prompts.yaml: every text that is sent to a vision model.

Owns the names of the templates, the placeholders each may hold and how they are
filled. Only `{word}` is a placeholder; any other brace is text, so that examples
of JSON can stand in a template as they are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import ValidationInfo, field_validator

from darkroom.core.config.fields import Record, Text
from darkroom.core.text import nearest

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Slots:
    """The placeholders of one template."""

    needed: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every placeholder the template may hold."""
        return self.needed + self.offered


SLOTS: Mapping[str, Slots] = MappingProxyType(
    {
        "system": Slots(),
        "describe_original": Slots(),
        "answer_questions": Slots(("questions",), ("original_description",)),
        "ask_criterion": Slots(("question",), ("original_description",)),
        "ask_criterion_reversed": Slots(("question",), ("original_description",)),
        "evaluate_criteria": Slots(("criteria",), ("answers", "original_description")),
        "compare_images": Slots((), ("original_description",)),
        "improve_prompts": Slots(
            ("positive", "negative", "failed_criteria"),
            ("evaluation", "comparison", "notes", "must_include", "ban_terms", "avoid_terms"),
        ),
        "suggest_parameters": Slots(
            ("parameters", "similarity", "direction"), ("positive", "negative", "comparison")
        ),
        "suggest_rules": Slots(("rules",), ("guidelines", "original_description", "results")),
    }
)


class PromptTemplates(Record):
    """The whole of prompts.yaml, after the project's was laid over the defaults."""

    system: Text
    """Stands before every request."""
    describe_original: Text
    """Describes the input image, once per run."""
    answer_questions: Text
    """All questions of an iteration at once."""
    ask_criterion: Text
    """One criterion as a yes/no question."""
    ask_criterion_reversed: Text
    """The same criterion so that yes means it fails; the two are averaged."""
    evaluate_criteria: Text
    """All criteria at once, where a model cannot be asked one by one."""
    compare_images: Text
    """The new image beside the original."""
    improve_prompts: Text
    """Text only: better prompts from what failed."""
    suggest_parameters: Text
    """Text only: other parameters when an image is too similar or too different."""
    suggest_rules: Text
    """Text only: better rules."""

    @field_validator("*")
    @classmethod
    def _holds_its_placeholders(cls, text: str, info: ValidationInfo) -> str:
        slots = SLOTS[str(info.field_name)]
        held = placeholders(text)
        for name in held:
            if name not in slots.names:
                raise ValueError(_unknown(name, slots))
        absent = [name for name in slots.needed if name not in held]
        if absent:
            raise ValueError(f"must hold {', '.join(f'{{{name}}}' for name in absent)}")
        return text


def _unknown(name: str, slots: Slots) -> str:
    near = nearest(name, slots.names)
    if near:
        return f"unknown placeholder {{{name}}}; did you mean {{{near}}}?"
    known = ", ".join(f"{{{slot}}}" for slot in slots.names) or "none"
    return f"unknown placeholder {{{name}}}; this template knows {known}"


def placeholders(template: str) -> tuple[str, ...]:
    """The placeholders of a template, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


def filled(template: str, values: Mapping[str, str]) -> str:
    """Put values in; what stands in a value is never taken for a placeholder."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], ""), template)
