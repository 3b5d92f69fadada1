"""From one image and all that was said of it to the parts of a sidecar.

Owns which source is believed first: a sidecar beside the image, the session's manifest, the
image's own text, a text file beside it, the session as a whole.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from darkroom.adapters.plain_files import read_file
from darkroom.archive.importing.facts import Facts, Json, from_words
from darkroom.archive.importing.pictures import Picture, read_picture
from darkroom.archive.importing.readable import decoded, readable_json
from darkroom.archive.importing.saying import hear_text, heard
from darkroom.archive.importing.sessions import Session, moment_in
from darkroom.archive.importing.told import Told, image_fields, unplaced, variations_of
from darkroom.core.errors import DarkroomError, SidecarDamaged, UsageError
from darkroom.core.sidecar import MAX_BYTES, Reading, as_document, moment, read_any

_UNREAD = "/imported_sidecar"
"""Where a sidecar says that there was another one beside it, and why it could not be read."""
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When something was made that tells no time."""
Document = dict[str, Any]


@dataclass(frozen=True)
class Described:
    """One image that can be taken over."""

    session: Session
    name: str
    picture: Picture
    document: Document
    """Parts of a sidecar; where it will lie is not yet among them."""
    marks: Mapping[str, Json]
    """What a person had said of it."""
    beside: str | None
    """Why the sidecar beside it could not be read, where there is such a one."""


@dataclass(frozen=True)
class Passed:
    """One file that is not taken over, and why."""

    session: Session
    name: str
    reason: str
    is_failure: bool
    beside: str | None = None
    """As in `Described`."""


def describe(session: Session, told: Told, name: str) -> Described | Passed:
    """Read one image of a session."""
    path, facts = session.folder / name, Facts()
    try:
        picture = read_picture(path)
        document = _document(session, told, name, picture, facts)
    except DarkroomError as error:
        return Passed(session, name, f"[{error.code}] {error.message}", is_failure=True)
    beside = cast("str | None", facts.extra.get(_UNREAD))
    if document is None:
        return Passed(
            session, name, "nothing says how it was made", is_failure=False, beside=beside
        )
    said = told.images.get(name, {})
    return Described(session, name, picture, document, image_fields(said), beside)


def _document(
    session: Session, told: Told, name: str, picture: Picture, facts: Facts
) -> Document | None:
    kind = session.kind
    beside = _sidecar_beside(session, name, facts)
    image = told.images.get(name, {})
    facts.fill(from_words(image))
    facts.variations |= variations_of(image)
    if rest := unplaced(image):
        facts.extra["/manifest"] = rest
    inside = heard(picture, name, facts)
    inside = inside or _text_beside(session, name, facts)
    facts.fill(told.words)
    if beside is None and facts.is_empty and kind == "folder":
        return None
    source = "sidecar" if beside is not None else kind if kind != "folder" else inside or "text"
    document: Document = {} if beside is None else beside
    _complete(document, facts.sections())
    imported = {"kind": source, "session": session.title, "name": name}
    extra = cast("Document", document.get("extra") or {})
    document["extra"] = {**extra, **facts.extra, "/imported": imported}
    document["timestamp"] = document.get("timestamp") or _when(session, told, name, image)
    return document


def _sidecar_beside(session: Session, name: str, facts: Facts) -> Document | None:
    """A document in any form we know; one nobody can read only costs what it would have said."""
    if f"{name}.json" not in session.files:
        return None
    data = b""
    try:
        data = read_file(session.folder / f"{name}.json", MAX_BYTES)
        reading = _reading(data, facts)
    except (SidecarDamaged, UsageError) as error:
        if error.code != "sidecar-unknown-form" or not hear_text(decoded(data), facts):
            facts.extra[_UNREAD] = f"[{error.code}] {error.message}"[:500]
        return None
    if reading.unusable:
        # a number written as text is one all the same
        said = json.loads(data)
        facts.fill(from_words({**said, **_object(said.get("parameters"))}))
    document = {name: value for name, value in as_document(reading.sidecar).items() if value}
    facts.extra["/imported_form"] = reading.form
    if storage := document.pop("storage", None):
        facts.extra["/imported_storage"] = storage
    return document


def _object(value: Json) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", value) if isinstance(value, dict) else {}


def _reading(data: bytes, facts: Facts) -> Reading:
    """A number that is none, as some tools write, costs only its own value."""
    try:
        return read_any(data)
    except SidecarDamaged as error:
        if error.code != "sidecar-number":
            raise
        reading = read_any(json.dumps(readable_json(json.loads(data))).encode())
        facts.extra["/imported_mended"] = f"[{error.code}] {error.message}"[:500]
        return reading


def _text_beside(session: Session, name: str, facts: Facts) -> str | None:
    """What a file of the image's own name says; returns which tool wrote it."""
    stem = name.rpartition(".")[0]
    for beside in (f"{stem}.txt", f"{stem}.json"):
        if beside in session.files:
            text = decoded(read_file(session.folder / beside, MAX_BYTES))
            if (beside.endswith(".txt") or text.lstrip().startswith("{")) and (
                source := hear_text(text, facts)
            ):
                return source
    return None


def _complete(document: Document, sections: Mapping[str, Json]) -> None:
    """Fill what the document leaves open."""
    for section, values in sections.items():
        known = cast("Document", document.get(section) or {})
        for name, value in cast("Document", values).items():
            if known.get(name) in (None, "", [], (), {}):
                known[name] = value
        document[section] = known


def _when(session: Session, told: Told, name: str, image: Mapping[str, Json]) -> str:
    said = image.get("timestamp") or image.get("created_at") or ""
    found = moment_in(str(said)) or moment_in(name) or told.started or moment_in(session.title)
    return moment(found or modified(session.folder / name))


def modified(path: Path) -> datetime:
    """When a file was last written; long ago where nobody can tell (a link to nowhere, say)."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return NEVER
