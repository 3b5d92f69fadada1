"""Fit a document of version 1 into the models, moving aside what does not fit.

Owns the tolerance of reading: an unknown key or an unusable value goes to
`extra` under its JSON pointer and is reported; the rest of the document stands.
"""

from dataclasses import dataclass
from typing import cast

from pydantic import ValidationError

from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.findings import Finding, pointer
from darkroom.core.sidecar.model import Sidecar
from darkroom.core.sidecar.moving import UNKNOWN

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Settled:
    """A sidecar that fits, and what had to be moved aside."""

    sidecar: Sidecar
    unknown: tuple[Finding, ...]
    unusable: tuple[Finding, ...]


@dataclass(frozen=True)
class Complaint:
    """One place where a document does not fit, in the models' words."""

    path: Path
    kind: str
    message: str


def complaints_of(error: ValidationError) -> list[Complaint]:
    """Translate the library's findings; input values are left out on purpose."""
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        Complaint(
            path=tuple(part for part in row["loc"] if part != "[key]"),
            kind=row["type"],
            message=row["msg"].removeprefix("Value error, "),
        )
        for row in rows
    ]


def refusal(complaints: list[Complaint], where: str) -> SidecarDamaged:
    """The error for a document that must fit and does not: the first field, and how many."""
    first = complaints[0]
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    field = pointer(first.path)
    return SidecarDamaged(
        "sidecar-invalid",
        f"{field or 'the document'}: {first.message}{more}",
        where=f"{where}#{field}",
    )


def strict(document: dict[str, Json], where: str = "") -> Sidecar:
    """Fit the document as it stands, or refuse it with the first field that does not fit."""
    try:
        return Sidecar.model_validate(document)
    except ValidationError as exc:
        raise refusal(complaints_of(exc), where) from exc


def settle(document: dict[str, Json], where: str = "") -> Settled:
    """Fit the document, moving aside what does not; refuse it when too little remains."""
    unknown: dict[str, Finding] = {}
    unusable: dict[str, Finding] = {}
    document, aside = _without_extra(document)
    while True:  # each round moves something aside or refuses, so this ends
        try:
            sidecar = Sidecar.model_validate({**document, "extra": aside})
            return Settled(sidecar, tuple(unknown.values()), tuple(unusable.values()))
        except ValidationError as exc:
            targets = _targets(complaints_of(exc), document, where)
        for path, complaint in targets.items():
            place = pointer(path)
            is_unknown = complaint.kind == "extra_forbidden"
            message = UNKNOWN if is_unknown else complaint.message
            (unknown if is_unknown else unusable)[place] = Finding(place, message)
            _move(document, path, aside)


def _without_extra(document: dict[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """A copy whose containers may be changed, and the bag it came with."""
    copied = cast("dict[str, Json]", _copied(document))
    aside = copied.pop("extra", {})
    return copied, aside if isinstance(aside, dict) else {"/extra": aside}


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def _targets(
    complaints: list[Complaint], document: dict[str, Json], where: str
) -> dict[Path, Complaint]:
    """What to move aside: deepest and last first, so that list places stay true."""
    targets: dict[Path, Complaint] = {}
    for complaint in complaints:
        path = _present(complaint.path, document)
        if not path:
            raise refusal([complaint], where)
        targets.setdefault(path, complaint)
    outermost = [p for p in targets if not any(p[:n] in targets for n in range(1, len(p)))]
    outermost.sort(key=lambda path: [(isinstance(p, str), p) for p in path], reverse=True)
    return {path: targets[path] for path in outermost}


def _present(path: Path, document: dict[str, Json]) -> Path:
    """The longest beginning of the path that the document really has.

    A missing field thus blames the block that lacks it.
    """
    value: Json = document
    for depth, part in enumerate(path):
        if not _has(value, part):
            return path[:depth]
        value = cast("dict[str | int, Json]", value)[part]
    return path


def _has(value: Json, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _move(document: dict[str, Json], path: Path, aside: dict[str, Json]) -> None:
    parent: Json = document
    for part in path[:-1]:
        parent = cast("dict[str | int, Json]", parent)[part]
    value = cast("dict[str | int, Json]", parent).pop(path[-1])
    place = pointer(path)
    while place in aside:
        place += "~"
    aside[place] = value
