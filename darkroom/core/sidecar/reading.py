"""Read sidecars: strictly what we wrote, tolerantly whatever else is a sidecar.

Owns the two ways in. `parse` is for documents this version committed; `read_any`
takes every known form, says which it was and what it could not use. Both refuse
a document that claims another place than the one it was found at: path wins.
"""

import re
from dataclasses import dataclass

from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar.decoding import decode
from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.findings import Finding
from darkroom.core.sidecar.model import SCHEMA, VERSION, Sidecar
from darkroom.core.sidecar.settling import settle, strict
from darkroom.core.sidecar.upgrades import Form, form_of, upgraded
from darkroom.core.text import shortened

_S2_PLACE = re.compile(r"(?P<run>.+)/metadata/(?P<name>iteration_\d+)_metadata\.json\Z")


@dataclass(frozen=True)
class Reading:
    """A sidecar as read, and everything a person should know about how it read."""

    sidecar: Sidecar
    form: Form
    """The form the bytes had, before any upgrade."""
    unknown: tuple[Finding, ...]
    """Keys nobody here knows; their values are in `sidecar.extra`."""
    unusable: tuple[Finding, ...]
    """Values that could not be used; they too are in `sidecar.extra`."""
    notes: tuple[Finding, ...]
    """What an upgrade assumed or repaired."""

    @property
    def is_whole(self) -> bool:
        """Whether everything in the document could be used as it stood."""
        return not (self.unknown or self.unusable or self.notes)


def parse(data: bytes, *, key: str | None = None) -> Sidecar:
    """Read a sidecar of ours strictly; `key` is the store key it (or its image) lies under."""
    where = key or ""
    decoded = decode(data, where)
    if decoded.repairs:
        first = decoded.repairs[0]
        raise SidecarDamaged("sidecar-text", str(first), where=f"{where}#{first.field}")
    _check_version(decoded.document, where)
    form = form_of(decoded.document)
    if form not in {"darkroom-0", "darkroom-1"}:
        message = "is a sidecar of another form"
        hint = "read it with read_any, or see it with `darkroom sidecar show`"
        raise SidecarDamaged("sidecar-unknown-form", message, where=where, hint=hint)
    document = upgraded(decoded.document, form).document
    _check_claims(document, key)
    return strict(document, where)


def read_any(data: bytes, key: str | None = None) -> Reading:
    """Read a sidecar of any known form, keeping what is unknown and naming what is unusable."""
    where = key or ""
    decoded = decode(data, where)
    _check_version(decoded.document, where)
    form = form_of(decoded.document)
    if form is None:
        names = ", ".join(sorted(decoded.document)[:6])
        message = f"none of the known forms; it holds: {shortened(names, 120) or 'nothing'}"
        raise SidecarDamaged("sidecar-unknown-form", message, where=where)
    result = upgraded(decoded.document, form)
    if form.startswith("darkroom-"):
        _check_claims(result.document, key)
    elif key is not None:
        identity = result.document.get("identity")
        known = identity if isinstance(identity, dict) else {}
        result.document["identity"] = {**known, **_truths(key)}
    settled = settle(result.document, where)
    notes = (*decoded.repairs, *result.notes)
    unknown = (*result.unknown, *settled.unknown)
    return Reading(settled.sidecar, form, unknown, settled.unusable, notes)


def image_key(key: str) -> str:
    """The image's key, whether its own, its sidecar's or its S2 metadata's was given."""
    place = _S2_PLACE.match(key)
    if place is not None:
        return f"{place['run']}/images/{place['name']}.png"
    return key.removesuffix(".json")


def _check_version(document: dict[str, Json], where: str) -> None:
    if document.get("schema") != SCHEMA:
        return
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        message = "/version: is not a version number"
        raise SidecarDamaged("sidecar-invalid", message, where=f"{where}#/version")
    if version > VERSION:
        message = f"version {version}, written by a newer Darkroom; this one reads up to {VERSION}"
        raise SidecarDamaged("sidecar-newer", message, where=f"{where}#/version")


def _check_claims(document: dict[str, Json], key: str | None) -> None:
    """Refuse a document that says it belongs elsewhere than where it was found."""
    identity = document.get("identity")
    if key is None or not isinstance(identity, dict):
        return
    for name, truth in _truths(key).items():
        claim = identity.get(name)
        if claim is not None and claim != truth:
            message = f"claims {name} {shortened(str(claim), 120)!r}, but lies at {key!r}"
            where = f"{key}#/identity/{name}"
            raise SidecarDamaged("sidecar-other-key", message, where=where)


def _truths(key: str) -> dict[str, Json]:
    """What the place alone says, and no content may contradict."""
    found = image_key(key)
    segments = found.split("/")
    truths: dict[str, Json] = {"key": found, "project": segments[0]}
    if segments[1:2] == ["working"]:
        truths["run_id"] = "/".join(segments[2:3])
    return truths
