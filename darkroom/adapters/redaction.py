"""Keep known secrets out of whatever is written down.

Owns the scrubbing of texts, documents and log records. It knows the values of the
secrets and the forms they take on the way (percent, JSON and base64 encoding); it
is the last fence, not a licence to put secrets into messages.
"""

import base64
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from darkroom.core.text import visible

MASK = "***"
SHORTEST = 4
"""Shorter values are not scrubbed: they would tear up ordinary words."""


def redact(text: str, secrets: Iterable[SecretStr]) -> str:
    """The text with every known secret masked."""
    return _Masks(secrets).text(text)


def redactor(secrets: Iterable[SecretStr]) -> Callable[[str], str]:
    """Make the function that masks these secrets; for callers with many texts."""
    return _Masks(secrets).text


def redact_document(value: object, secrets: Iterable[SecretStr]) -> object:
    """A JSON-like document with every known secret masked, in keys as well."""
    return _Masks(secrets).document(value)


class _Masks:
    """The forms of some secrets as one pattern."""

    def __init__(self, secrets: Iterable[SecretStr]) -> None:
        forms = {form for secret in secrets for form in _forms(secret.get_secret_value())}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def document(self, value: object) -> object:
        match value:
            case str():
                return self.text(value)
            case Mapping():
                pairs = cast("Mapping[object, object]", value).items()
                return {self.text(str(key)): self.document(item) for key, item in pairs}
            case list() | tuple():
                return [self.document(item) for item in cast("Sequence[object]", value)]
            case _:
                return value


def _forms(value: str) -> set[str]:
    if len(value) < SHORTEST:
        return set()
    raw = value.encode("utf-8", "surrogatepass")
    return {
        value,
        quote(raw, safe=""),
        quote_plus(raw),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        base64.b64encode(raw).decode(),
    }


class RedactingFilter(logging.Filter):
    """Masks secrets and disarms control characters in every record of a handler."""

    def __init__(self, secrets: Iterable[SecretStr]) -> None:
        super().__init__()
        self._masks = _Masks(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; none is held back."""
        # one record is one line: a line break inside a message could forge another record
        record.msg = visible(self._masks.text(_message(record))).replace("\n", "\\n")
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        record.exc_info = None
        if record.exc_text:
            record.exc_text = visible(self._masks.text(record.exc_text))
        if record.stack_info:
            record.stack_info = visible(self._masks.text(record.stack_info))
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # arguments that do not fit their format
        return f"{record.msg} {record.args!r}"


def protect(handler: logging.Handler, secrets: Iterable[SecretStr]) -> None:
    """Let nothing secret through a handler, whichever logger a record comes from."""
    handler.addFilter(RedactingFilter(secrets))
