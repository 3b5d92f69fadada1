"""The kinds of values that several configuration files share.

Owns the strict record all models derive from and the checked texts: names, terms,
addresses. Strict means that nothing is converted: a number in quotes is a text,
`yes` is not a word, an unknown key is a mistake.
"""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A frozen model that refuses unknown keys and converts nothing."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,  # an error may be about a secret
        validate_default=False,
        use_attribute_docstrings=True,
    )


_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?\Z|\[[0-9a-fA-F:.]{2,45}\]\Z")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _field_name(text: str) -> str:
    if not _FIELD.match(text):
        raise ValueError("must start with a letter, then letters, digits, '_' or '-', 64 at most")
    return text


def _short_name(text: str) -> str:
    if not _NAME.match(text):
        raise ValueError(
            "must be lower-case letters, digits, '_' or '-', 64 at most, and start with a letter"
            " or digit"
        )
    return text


def host_name(text: str) -> str:
    """The text, where it may name a server; ValueError otherwise."""
    if "://" in text:
        raise ValueError("must be a host alone; name whole addresses under hosts: in darkroom.yaml")
    if not _HOST.match(text):
        raise ValueError("must be the name or number of a host, without path or port")
    return text


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("must be an address such as http://host:8188") from None
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or a password; secrets go into the environment")
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text:
        raise ValueError("must be an address such as http://host:8188")
    if parts.query or parts.fragment:
        raise ValueError("must end before any '?' or '#'")
    return text.rstrip("/")


Text = Annotated[str, AfterValidator(_not_blank)]
FieldName = Annotated[str, AfterValidator(_field_name)]
ShortName = Annotated[str, AfterValidator(_short_name)]
HostName = Annotated[str, AfterValidator(host_name)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Terms = Annotated[tuple[Text, ...], Field(strict=False)]

ValueType = Literal["string", "integer", "number", "boolean", "array"]
ProviderName = Literal["embedded", "ollama", "openrouter", "openai"]
EMBEDDED = "embedded"
