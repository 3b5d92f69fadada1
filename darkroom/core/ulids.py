"""Time-ordered names for documents that are only ever added.

Owns ULIDs: 48 bits of time and 80 bits of chance, written so that the order of
the texts is the order of the times. Lower case, because store keys are. Time and
chance come in as values; keeping the last name, so that one process never goes
back, is the caller's business.
"""

import re
from datetime import UTC, datetime, timedelta

from darkroom.core.errors import UsageError

RANDOM_BITS = 80
_TIME_BITS = 48
_LENGTH = 26
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
PATTERN = r"^[0-7][0-9a-hjkmnp-tv-z]{25}$"
_FORM = re.compile(PATTERN)


def is_ulid(text: str) -> bool:
    """Whether the text has the form of a name made here."""
    return _FORM.match(text) is not None


def ulid(at_ms: int, chance: int) -> str:
    """Name a moment (milliseconds since the epoch) with 80 bits of chance."""
    if not 0 <= at_ms < 1 << _TIME_BITS:
        raise UsageError("ulid-time", f"{at_ms} ms is outside what a time-ordered name can say")
    return _written(at_ms << RANDOM_BITS | chance % (1 << RANDOM_BITS))


def ulid_after(floor: str | None, at_ms: int, chance: int) -> str:
    """As `ulid`, but always later than the floor, whatever the clock says."""
    made = ulid(at_ms, chance)
    if floor is None or made > floor:
        return made
    following = _number(floor) + 1
    if following >= 1 << (_TIME_BITS + RANDOM_BITS):
        raise UsageError("ulid-time", f"no name is later than {floor}")
    return _written(following)


def ulid_ms(text: str) -> int:
    """The milliseconds since the epoch that a name says."""
    return _number(text) >> RANDOM_BITS


def milliseconds(when: datetime) -> int:
    """A moment as whole milliseconds since the epoch."""
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _written(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number << 5 | _VALUES[digit]
    return number
