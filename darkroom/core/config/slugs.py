"""Names of projects: one rule for folders, store keys and addresses alike.

Owns what a project may be called. A name that passes is the same on every file
system, is a valid first segment of a store key, and has no look-alike.
"""

import re
import unicodedata

from darkroom.core.errors import UsageError

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_LONGEST = 64
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10))]
)


def is_slug(name: str) -> bool:
    """Whether a project may have this name."""
    return _SLUG.match(name) is not None and name not in _DEVICES


def checked_slug(name: str) -> str:
    """Return the name, or refuse it with the rule it breaks and a name that would do."""
    if is_slug(name):
        return name
    proposal = slug_like(name)
    hint = f"{_RULE}; {proposal!r} would do" if proposal else _RULE
    raise UsageError("project-name-invalid", f"{name[:80]!r} {_reason(name)}", hint=hint)


_RULE = (
    "use lower-case letters a-z, digits, '-' and '_', 64 at most, starting with a letter or digit"
)


def _reason(name: str) -> str:
    if name in _DEVICES:
        return "is the name of a device on Windows"
    if len(name) > _LONGEST:
        return f"is {len(name)} characters long"
    return "is no name for a project"


def slug_like(name: str) -> str | None:
    """The nearest name that may be used, or None."""
    plain = unicodedata.normalize("NFKD", name[:200]).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9_-]+", "-", plain.casefold()).strip("-_")[:_LONGEST]
    return slug if is_slug(slug) else None
