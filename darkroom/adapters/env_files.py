"""A `.env` file: names and values, one per line.

Owns the reading of its lines. Nothing is expanded or executed, and a complaint
names the line, never what stands in it.
"""

import os
import re
from pathlib import Path

from darkroom.adapters.confined import Refused, read_bounded
from darkroom.core.errors import Problem

MAX_BYTES = 100_000
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)\Z", re.DOTALL)
_QUOTED = re.compile(r"""(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?\Z""")
_OTHERS_MAY_READ = 0o077


def read_env_file(path: Path, source: str) -> tuple[dict[str, str], list[Problem]]:
    """The values of a file; nothing where there is none."""
    try:
        if not os.path.lexists(path):
            return {}, []
        text = read_bounded(path, MAX_BYTES).decode("utf-8-sig")
    except Refused as error:
        return {}, [Problem(source, None, "", f"the file {error}")]
    except UnicodeDecodeError:
        return {}, [Problem(source, None, "", "is not UTF-8; save it with that encoding")]
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = _entry(line.strip())
        if isinstance(entry, str):
            problems.append(Problem(source, number, "", entry))
        elif entry is not None:
            values[entry[0]] = entry[1]
    return values, problems


def _entry(line: str) -> tuple[str, str] | str | None:
    """Name and value, or what is wrong, or None for a line that says nothing."""
    if not line or line.startswith("#"):
        return None
    found = _LINE.match(line)
    if found is None:
        return "expected NAME=VALUE"
    name, value = found[1], found[2].strip()
    if value[:1] in {'"', "'"}:
        quoted = _QUOTED.match(value)
        return (name, quoted[1] or quoted[2] or "") if quoted else "the quote is not closed"
    return name, re.split(r"\s+#", value, maxsplit=1)[0]


def is_private(path: Path) -> bool:
    """Whether only its owner may read the file."""
    try:
        return path.stat().st_mode & _OTHERS_MAY_READ == 0
    except OSError:
        return True
