"""What a laboratory in a folder holds, as plain JSON."""

import json
from pathlib import Path
from typing import Any


def sidecars(home: Path) -> list[dict[str, Any]]:
    found = sorted(home.glob("projects/*/working/*/images/*.json"))
    return [json.loads(path.read_text()) for path in found]
