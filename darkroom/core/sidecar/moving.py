"""The tools with which one form of document is moved into another.

Owns taking values out of a foreign document so that nothing is lost: what no
upgrade takes stays behind in a `Source` and ends in `extra`.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlsplit

from darkroom.core.sidecar.fields import Bag, Json, moment
from darkroom.core.sidecar.findings import Finding, pointer
from darkroom.core.sidecar.model import SCHEMA, VERSION
from darkroom.core.sidecar.paths import climbs, is_absolute, last_part

UNKNOWN = "unknown; kept in `extra`"


@dataclass
class Upgraded:
    """A document on its way to version 1, with what was noticed on the way."""

    document: dict[str, Json]
    notes: list[Finding] = field(default_factory=list[Finding])
    unknown: list[Finding] = field(default_factory=list[Finding])

    def note(self, place: str, message: str) -> None:
        """Remember something a reader should be told."""
        self.notes.append(Finding(place, message))


class Source:
    """A mapping whose keys are taken out one by one; what stays behind is unknown."""

    def __init__(self, values: dict[str, Json], path: tuple[str, ...] = ()) -> None:
        self._left = dict(values)
        self._path = path

    def take(self, key: str) -> Json:
        """Take one value out; null when it is not there."""
        return self._left.pop(key, None)

    def part(self, key: str) -> "Source":
        """Take out an object, as a source of its own; anything else stays behind."""
        value = self._left.get(key)
        if not isinstance(value, dict):
            return Source({})
        del self._left[key]
        return Source(value, (*self._path, key))

    def pick(self, names: dict[str, str]) -> dict[str, Json]:
        """Take the keys that are there, each under its new name."""
        return {new: self._left.pop(old) for old, new in names.items() if old in self._left}

    def everything(self) -> dict[str, Json]:
        """All that is left, with its own names."""
        return dict(self._left)

    def rest(self) -> Bag:
        """All that is left, by its place in the whole document."""
        return {pointer((*self._path, key)): value for key, value in self._left.items()}


def begin(form: str) -> Upgraded:
    """Start a document of version 1 that says where it comes from."""
    return Upgraded({"schema": SCHEMA, "version": VERSION, "origin": {"form": form}})


def end(result: Upgraded, *sources: Source) -> Upgraded:
    """Finish it: what is left in the sources is unknown and kept."""
    left: Bag = {}
    for source in sources:
        left |= source.rest()
    result.unknown += [Finding(place, UNKNOWN) for place in left]
    result.document["extra"] = {**cast("Bag", result.document.get("extra", {})), **left}
    return result


def moment_of(result: Upgraded, place: str, value: Json) -> Json:
    """Read ISO 8601 text or epoch seconds; anything else stays for the models to refuse."""
    try:
        if isinstance(value, str):
            when = datetime.fromisoformat(value)
            if when.tzinfo is None:
                result.note(place, "had no time zone; taken as UTC")
                when = when.replace(tzinfo=UTC)
            return moment(when)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return moment(datetime.fromtimestamp(value, UTC))
    except (ValueError, OverflowError, OSError):
        return value
    return value


def with_storage(result: Upgraded, url: Json, rest: dict[str, Json]) -> None:
    """Split S0's direct address into endpoint, bucket and key; a signature is dropped."""
    if isinstance(url, str):
        url, _, signature = url.partition("?")
        if signature:
            result.note("/storage", "the address carried a signature; dropped")
    address = _address_of(result, url)
    if address is not None:
        result.document["storage"] = {"kind": "s3", **address, **rest}
        return
    if url is not None:
        rest = {"minio_url": url, **rest}
    kept: Bag = {pointer(("storage", name)): value for name, value in rest.items()}
    result.document["extra"] = kept
    for place in kept:
        result.note(place, "without a plain address it has no place; kept in `extra`")


def _address_of(result: Upgraded, url: Json) -> dict[str, Json] | None:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    bucket, _, key = parts.path.lstrip("/").partition("/")
    if not (host and bucket and key):
        return None
    if "@" in parts.netloc:
        result.note("/storage", "the address carried credentials; dropped")
    place = f"[{host}]" if ":" in host else host
    endpoint = f"{parts.scheme}://{place}{f':{port}' if port is not None else ''}"
    return {"endpoint": endpoint, "bucket": bucket, "key": key}


def name_of(result: Upgraded, place: str, value: Json) -> Json:
    """Keep the last part of a path: the machine it belonged to is not ours to record."""
    if isinstance(value, str) and (is_absolute(value) or climbs(value)):
        result.note(place, "was a path of a machine; only its last part is kept")
        return last_part(value)
    return value


PARAMETERS = {
    name: name
    for name in ("seed", "steps", "cfg", "sampler", "scheduler", "denoise", "resolution", "loras")
} | {"sampler_name": "sampler"}


def words_of(source: Source) -> dict[str, Json]:
    """The prompts and the preset; a prompt of null becomes empty text."""
    words = source.pick({"prompt": "prompt", "negative_prompt": "negative_prompt"})
    words = {key: "" if value is None else value for key, value in words.items()}
    return words | source.pick({"preset": "preset"})
