"""Who uses the embedded engine at present, so that the last one to leave ends it.

Owns one small file per use. A file whose process is gone counts for nothing: an engine
that a killed run left behind is found by the next one, used, and ended with it.
"""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from darkroom.adapters.processes import started_at


def enter(folder: Path) -> Path:
    """Note that this process uses the engine; returns the note."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
    note.write_text(json.dumps({"began": started_at(os.getpid())}), encoding="utf-8")
    return note


def leave(folder: Path, note: Path) -> bool:
    """Take the note away; says whether nobody is left."""
    note.unlink(missing_ok=True)
    return not any(_is_present(other) for other in folder.glob("*.json"))


def _is_present(note: Path) -> bool:
    with suppress(OSError, ValueError, KeyError, TypeError):
        pid = int(note.stem.partition("-")[0])
        if started_at(pid) == json.loads(note.read_text(encoding="utf-8"))["began"]:
            return True
    note.unlink(missing_ok=True)
    return False
