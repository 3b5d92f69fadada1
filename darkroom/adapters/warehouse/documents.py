"""From bytes to a document of version 1, at a tenth of the price of the strict reader.

Owns the quick way: orjson, and a comparison that shows whether orjson lost anything
(a key that stands twice, a number beyond 64 bits). Whatever the quick way cannot vouch
for goes through `darkroom.core.sidecar`, whose refusals become the reasons in quarantine.
"""

from dataclasses import dataclass
from typing import cast

import orjson

from darkroom.adapters.warehouse.values import Document
from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar.decoding import MAX_BYTES, decode
from darkroom.core.sidecar.model import VERSION
from darkroom.core.sidecar.reading import read_any
from darkroom.core.sidecar.upgrades import form_of, upgraded
from darkroom.core.sidecar.writing import as_document

_BLANKS = b" \t\r\n"
_NUL = b"\\u0000"


@dataclass(frozen=True)
class Found:
    """One sidecar, brought to the shape of version 1."""

    key: str
    document: Document
    form: str
    text: str
    """The document as it was found, as compact JSON."""


def object_of(data: bytes, where: str) -> tuple[Document, str]:
    """One JSON object and its compact text; SidecarDamaged where it is none."""
    if len(data) <= MAX_BYTES and _NUL not in data:
        try:
            found: object = orjson.loads(data)
            text = orjson.dumps(found)
        except (ValueError, TypeError, RecursionError):
            found, text = None, b""
        if isinstance(found, dict) and _same_length(data, text):
            return cast("Document", found), text.decode()
    document = decode(data, where).document
    return document, orjson.dumps(document).decode()


def _same_length(data: bytes, text: bytes) -> bool:
    """Whether nothing but blanks between tokens differs, as far as lengths can tell."""
    if len(data) == len(text) + 1:  # as we write them: compact, one newline
        return True
    return len(data.translate(None, _BLANKS)) == len(text.translate(None, _BLANKS))


def sidecar_of(data: bytes, key: str) -> Found:
    """A sidecar of any known form; SidecarDamaged with the reason otherwise."""
    document, text = object_of(data, key)
    form = form_of(document)
    if form == "darkroom-1":
        if document.get("version") is VERSION and _claims_agree(document, key):
            return Found(key, document, _origin(document), text)
    elif form is not None and not form.startswith("darkroom-"):
        return Found(key, upgraded(document, form).document, form, text)
    # the strict reader says what is wrong, or knows how to read it all the same
    reading = read_any(data, key)
    return Found(key, as_document(reading.sidecar), reading.form, text)


def _origin(document: Document) -> str:
    origin = document.get("origin")
    form = origin.get("form") if isinstance(origin, dict) else None
    return form if isinstance(form, str) else "darkroom-1"


def _claims_agree(document: Document, key: str) -> bool:
    identity = document.get("identity")
    if not isinstance(identity, dict):
        return False
    image = key.removesuffix(".json")
    parts = image.split("/")
    in_a_run = parts[1:2] == ["working"]
    return (
        identity.get("key") == image
        and identity.get("project") == parts[0]
        and (not in_a_run or identity.get("run_id") == parts[2])
    )


def checked_schema(document: Document, schema: str, key: str) -> None:
    """Refuse a document that is not of the schema its place calls for."""
    if document.get("schema") != schema:
        said = str(document.get("schema"))[:60]
        raise SidecarDamaged("sidecar-unknown-form", f"is {said!r}, not {schema!r}", where=key)
