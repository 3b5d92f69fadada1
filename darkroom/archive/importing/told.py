"""What a session's own files say: a manifest, or an older session file.

Owns reading both, tolerantly: a manifest nobody can read costs what it would have said, not
the images beside it. Ratings and flags in it become fields of annotations.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from darkroom.adapters.plain_files import read_file
from darkroom.archive.importing.facts import Json, from_words
from darkroom.archive.importing.readable import decoded
from darkroom.archive.importing.sessions import (
    MANIFEST,
    OLD_CONFIG,
    OLD_METADATA,
    Session,
    moment_in,
)
from darkroom.core.errors import UsageError

_MOST_BYTES = 64_000_000
_IMAGE_FIELDS = (
    *("technical_quality", "status", "is_liked", "failure_category", "failure_notes"),
    *("notes", "rating", "is_deleted", "ml_predictions"),
)
_RUN_FIELDS = ("is_test", "is_failed", "is_archived", "is_deleted", "display_name", "notes")
_FLAGS = frozenset({"is_liked", "is_deleted", "is_test", "is_failed", "is_archived"})
_NESTED = ("rating", "annotation", "annotations", "enrichment", "flags", "user", "metadata")
_LINE = re.compile(r"[\s*\N{BULLET}-]*([^\W\d_][\w '/-]{0,60}?)\s*[:=](.*)\Z")
_RULE = re.compile(r"\W*")
_IN_NAME = re.compile(r"_([A-Za-z][A-Za-z0-9]*)-([^_.]+)")
_NUMBERED = re.compile(r"\d+_")


@dataclass(frozen=True)
class Told:
    """Everything beside the images."""

    words: Mapping[str, Json] = field(default_factory=dict[str, Any])
    """For all images of the session, where an image itself says nothing."""
    images: Mapping[str, Mapping[str, Json]] = field(default_factory=dict[str, Any])
    """By file name."""
    started: datetime | None = None
    session: Mapping[str, Json] = field(default_factory=dict[str, Any])
    """What is to be kept of the session as a whole."""
    run_fields: Mapping[str, Json] = field(default_factory=dict[str, Any])
    problems: tuple[tuple[str, str], ...] = ()
    """Files that could not be read, and why."""


def told_by(session: Session) -> Told:
    """Read what lies beside the images of a session."""
    if session.kind == "sdgen":
        return _manifest(session)
    return _old(session) if session.kind == "sdgen-old" else Told()


def _manifest(session: Session) -> Told:
    try:
        manifest = _json(session, MANIFEST)
    except (UsageError, ValueError, RecursionError) as error:
        return Told(problems=((MANIFEST, f"cannot be read: {error}"[:200]),))
    snapshot = _object(manifest.get("snapshot"))
    rest = {name: value for name, value in manifest.items() if name not in {"images", "snapshot"}}
    words: dict[str, Json] = {}
    for part in _parts(manifest, snapshot):
        for name, value in from_words(part).items():
            if value is not None:
                words.setdefault(name, value)
    said = snapshot.get("timestamp") or manifest.get("created_at") or manifest.get("timestamp")
    return Told(
        words=words,
        images=_images(manifest.get("images")),
        started=moment_in(str(said)) if said else None,
        session={**snapshot, **rest},
        run_fields=_fields(manifest, _RUN_FIELDS),
    )


def _parts(manifest: Mapping[str, Json], snapshot: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Where a manifest may say how the images were made, the most exact first."""
    names = ("api_params", "generation_params", "parameters", "runtime_info", "resolved_template")
    nested = [_object(part.get(name)) for part in (snapshot, manifest) for name in names]
    return [*nested, snapshot, manifest]


def _images(listed: Json) -> dict[str, Mapping[str, Json]]:
    """The images by name, whether listed or keyed by name."""
    if isinstance(listed, dict):
        pairs = cast("dict[str, Json]", listed).items()
        listed = [{"filename": name, **_object(value)} for name, value in pairs]
    found: dict[str, Mapping[str, Json]] = {}
    for item in cast("list[Json]", listed) if isinstance(listed, list) else []:
        image = _object(item)
        name = image.get("filename") or image.get("file") or image.get("name")
        if isinstance(name, str) and name:
            found[name.replace("\\", "/").rpartition("/")[2]] = image
    return found


def variations_of(image: Mapping[str, Json]) -> dict[str, Json]:
    """The varied axes of an image and the value of each."""
    for name in ("applied_variations", "variations"):
        varied = _object(image.get(name))
        if varied:
            return {str(axis): _scalar(value) for axis, value in varied.items()}
    return {}


def _scalar(value: Json) -> Json:
    is_plain = value is None or isinstance(value, str | int | float | bool)
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def image_fields(image: Mapping[str, Json]) -> dict[str, Json]:
    """What a person had said of an image there."""
    return _fields(image, _IMAGE_FIELDS)


def unplaced(image: Mapping[str, Json]) -> dict[str, Json]:
    """What a manifest says of an image beyond what is read from it."""
    read = {"filename", "file", "name", "prompt", "negative_prompt", "seed"}
    read |= {"applied_variations", "variations", *_IMAGE_FIELDS, *_NESTED} - {"metadata"}
    return {name: value for name, value in image.items() if name not in read}


def _fields(said: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for part in (said, *(_object(said.get(name)) for name in _NESTED)):
        for name in names:
            value = part.get(name)
            if value is None or isinstance(value, dict) != (name == "ml_predictions"):
                continue
            found.setdefault(name, bool(value) if name in _FLAGS and value in (0, 1) else value)
    return {name: value for name, value in found.items() if value is not False and value != ""}


def _old(session: Session) -> Told:
    lines: dict[str, Json] = {}
    problems: list[tuple[str, str]] = []
    try:
        text = decoded(read_file(session.folder / OLD_CONFIG, _MOST_BYTES))
        for name, value in _lines(text):
            lines.setdefault(name, value)
    except UsageError as error:
        problems.append((OLD_CONFIG, error.message))
    described = _old_metadata(session, problems)
    parameters = from_words(_object(described.get("parameters")))
    model = from_words(_object(described.get("model")))
    return Told(
        words=_first(parameters, model, from_words(_without_templates(lines))),
        images={name: {"applied_variations": in_name(name)} for name in session.images},
        session={**described, **({"session_config": lines} if lines else {})},
        problems=tuple(problems),
    )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each name with its value: on the same line, or on the lines below up to a gap."""
    name, below = "", list[str]()
    for line in [*text.splitlines(), ""]:
        found = _LINE.match(line)
        value = found[2].strip() if found else ""
        if found and value:
            yield found[1], value
        if name and below and (found or _RULE.fullmatch(line)):
            yield name, "\n".join(below)
        if found or _RULE.fullmatch(line):
            name, below = found[1] if found and not value else "", []
        elif name:
            below.append(line.strip())


def _old_metadata(session: Session, problems: list[tuple[str, str]]) -> Mapping[str, Json]:
    if OLD_METADATA not in session.files:
        return {}
    try:
        return _json(session, OLD_METADATA)
    except (UsageError, ValueError, RecursionError) as error:
        problems.append((OLD_METADATA, f"cannot be read: {error}"[:200]))
        return {}


def _without_templates(lines: Mapping[str, Json]) -> dict[str, Json]:
    """A template is no prompt, and one seed for a session is not each image's."""
    return {name: value for name, value in lines.items() if name.casefold() != "seed"}


def _first(*sources: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for source in sources:
        for name, value in source.items():
            if value is not None:
                found.setdefault(name, value)
    return found


def in_name(name: str) -> dict[str, Json]:
    """The varied axes an older tool put into file names: `005_Expression-sad_Angle-front.png`."""
    stem = name.rpartition(".")[0]
    return dict(_IN_NAME.findall(f"_{stem.partition('_')[2]}")) if _NUMBERED.match(stem) else {}


def _json(session: Session, name: str) -> Mapping[str, Json]:
    value: Json = json.loads(read_file(session.folder / name, _MOST_BYTES))
    if not isinstance(value, dict):
        raise ValueError("holds JSON, but no object")  # noqa: TRY004 - the content is wrong, not a call
    return cast("dict[str, Json]", value)


def _object(value: Json) -> Mapping[str, Json]:
    return cast("dict[str, Json]", value) if isinstance(value, dict) else {}
