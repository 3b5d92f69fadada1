"""Committed images in a folder store, without drawing them."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from tests.fakes.sidecars import document

RUN = "2026-01-01_00-00-00"


def png(shade: int, side: int = 8) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (side, side), (shade % 256, shade // 256 % 256, 7)).save(target, "PNG")
    return target.getvalue()


def commit(
    root: Path, number: int, project: str = "generated", prompt: str = "a chair", side: int = 200
) -> str:
    """Put one image and its sidecar into the store; returns the image's key."""
    key = f"{project}/working/{RUN}/images/iteration_{number:03d}.png"
    data = png(number)
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    told: dict[str, Any] = document()
    told["identity"] |= {
        "key": key,
        "project": project,
        "run_id": RUN,
        "iteration": number,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
        "width": side,
        "height": side,
    }
    told["input"]["prompt"] = prompt
    told["iteration"] = None
    told["quality"] = None
    told["refinement"] = None
    if told.get("storage"):
        told["storage"]["key"] = key
    path.with_name(f"{path.name}.json").write_text(json.dumps(told))
    return key
