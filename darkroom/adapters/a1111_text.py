"""The `parameters` text that A1111 and its relatives write into images.

Owns the reading of that text: prompt lines, a line "Negative prompt:", one line of
comma-separated fields, and behind it what extensions add, a field a line. What is no such
text is prompt.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_NEGATIVE = "Negative prompt:"
_FIELD = re.compile(r'\s*([\w][\w /-]{0,60}):\s*("(?:[^"\\]|\\.)*"|[^,]*)(?:,|\Z)')
_FIRST = re.compile(r"\s*Steps:\s*\d")
_FIELDS = re.compile(r"^Steps: \d[^\n]*,[^\n]*$", re.MULTILINE)
_BEHIND = re.compile(r"^([A-Z][\w /-]{0,40}):(.*(?:\n(?![A-Z][\w /-]{0,40}:).*)*)", re.MULTILINE)
_LORA = re.compile(r"<lora:([^:<>]{1,200}):(-?\d{1,4}(?:\.\d{1,8})?)(?::[^<>]{0,100})?>")
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})\Z")
_MAX_FIELDS = 500


@dataclass(frozen=True)
class A1111Parameters:
    """What the text says; `fields` has every field as it stands, the rest is typed."""

    prompt: str
    negative_prompt: str
    fields: Mapping[str, str]

    @property
    def steps(self) -> int | None:
        """The number of sampling steps."""
        return _integer(self.fields.get("Steps"))

    @property
    def seed(self) -> int | None:
        """The seed; None when absent or not an actual seed."""
        seed = _integer(self.fields.get("Seed"))
        return seed if seed is not None and seed >= 0 else None

    @property
    def cfg(self) -> float | None:
        """The CFG scale."""
        return _number(self.fields.get("CFG scale"))

    @property
    def denoise(self) -> float | None:
        """The denoising strength of an image-to-image run."""
        return _number(self.fields.get("Denoising strength"))

    @property
    def sampler(self) -> str | None:
        """The sampler, under A1111's own name."""
        return self.fields.get("Sampler")

    @property
    def scheduler(self) -> str | None:
        """The schedule, under A1111's own name."""
        return self.fields.get("Schedule type")

    @property
    def model(self) -> str | None:
        """The checkpoint's name."""
        return self.fields.get("Model")

    @property
    def model_hash(self) -> str | None:
        """The checkpoint's short hash."""
        return self.fields.get("Model hash")

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height that were asked for."""
        found = _SIZE.match(self.fields.get("Size", ""))
        return (int(found[1]), int(found[2])) if found else None

    @property
    def loras(self) -> tuple[tuple[str, float], ...]:
        """Name and strength of every LoRA tag in the prompt."""
        return tuple((found[1], float(found[2])) for found in _LORA.finditer(self.prompt))


def parse_parameters(text: str) -> A1111Parameters:
    """Read the text; any text gives a result."""
    text = text.replace("\r\n", "\n").strip()
    *_, last = [None, *_FIELDS.finditer(text)]
    if last is not None and f"\n{_NEGATIVE}" in text[last.end() :]:
        last = None  # fields stand behind the negative prompt: it is a line of the prompt
    end = len(text) if last is None else last.end()
    added = {found[1]: found[2].strip() for found in _BEHIND.finditer(text, end)}
    lines = text[:end].split("\n")
    fields: dict[str, str] = {}
    if _FIRST.match(lines[-1]):
        fields = {**added, **_fields(lines.pop())}
    start = next((n for n, line in enumerate(lines) if line.startswith(_NEGATIVE)), len(lines))
    negative = "\n".join(lines[start:]).removeprefix(_NEGATIVE)
    return A1111Parameters("\n".join(lines[:start]).strip(), negative.strip(), fields)


def _fields(line: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for count, found in enumerate(_FIELD.finditer(line)):
        if count == _MAX_FIELDS:
            break
        fields.setdefault(found[1].strip(), _unquoted(found[2].strip()))
    return fields


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def _integer(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,20}", text) else None


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"-?[0-9]{1,9}(?:\.[0-9]{1,12})?", text) else None
