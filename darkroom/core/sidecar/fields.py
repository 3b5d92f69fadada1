"""The small bounded types that every field of a sidecar is made of.

Owns limits and spellings. `Block` is strict: a number written as text, a NaN or
a key nobody knows is refused, and messages never repeat the refused value.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from darkroom.core.keys import is_key
from darkroom.core.sidecar.paths import climbs, is_absolute

MAX_SEED = 2**64 - 1
MAX_SIDE = 65_535
MAX_ITERATION = 1_000_000
MAX_TEXT = 100_000
MAX_ITEMS = 1_000
_PLAIN = r"^[^\x00-\x1f\x7f]+$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"
_ORIGIN_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")


class Block(BaseModel):
    """One part of a sidecar: frozen, strict, finite, nothing unknown."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    return text


def _real_moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a moment that exists") from None
    return text


def _relative(text: str) -> str:
    if is_absolute(text):
        raise ValueError("is a path of a machine; give the name only")
    if climbs(text):
        raise ValueError("leaves its folder")
    return text


def _no_address(text: str) -> str:
    if "://" in text or "@" in text:
        raise ValueError("is an address; give the configured name")
    return text


def _store_key(text: str) -> str:
    if not is_key(text):
        raise ValueError("cannot name an object in a store")
    return text


def _bare_endpoint(text: str) -> str:
    if not _ORIGIN_URL.match(text):
        raise ValueError("must be scheme://host:port, without user, path or query")
    return text


Text = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(_no_nul)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PLAIN)]
FileName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=_PLAIN),
    AfterValidator(_relative),
]
HostName = Annotated[Name, AfterValidator(_relative), AfterValidator(_no_address)]
StoreKey = Annotated[
    str, StringConstraints(min_length=1, max_length=512), AfterValidator(_store_key)
]
Endpoint = Annotated[str, StringConstraints(max_length=300), AfterValidator(_bare_endpoint)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Uuid4 = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    ),
]
Moment = Annotated[str, StringConstraints(pattern=_MOMENT), AfterValidator(_real_moment)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0, le=1e9)]
Json = JsonValue
Bag = dict[str, JsonValue]


def moment(when: datetime) -> str:
    """Write a moment the one way sidecars do: UTC, microseconds, `Z`."""
    if when.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
