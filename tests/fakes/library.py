"""A laboratory with a folder store full of sidecars, drawn by nobody, for searches over it."""

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darkroom.adapters.secret_values import NAMES
from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.sidecar.variations import combination_hash
from tests.fakes.sidecars import document

RUN = "2026-11-21_11-30-00"


def key_of(number: int, run: str = RUN, project: str = "demo") -> str:
    """The key of one iteration."""
    return f"{project}/working/{run}/images/iteration_{number:03d}.png"


def content_of(key: str) -> bytes:
    """The bytes that stand for a picture."""
    return b"picture of " + key.encode()


def sidecar(number: int, run: str = RUN, project: str = "demo", **facts: Any) -> dict[str, Any]:
    """A sidecar of ours; `facts` are parts to lay over it, two levels deep."""
    made = copy.deepcopy(document())
    key = key_of(number, run, project)
    content = content_of(key)
    made["identity"] |= {
        "key": key,
        "project": project,
        "run_id": run,
        "iteration": number,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
    }
    made["storage"]["key"] = key
    made["timestamp"] = f"2026-11-21T11:30:{number % 60:02d}.000000Z"
    made["iteration"]["iteration"] = number
    made |= {"is_test": False, "variations": {}, "parents": [], "quality": None}
    made["parameters"] |= {"seed": 10_000 + number, "loras": []}
    for part, value in facts.items():
        is_part = isinstance(value, Mapping) and isinstance(made.get(part), dict)
        made[part] = made[part] | dict(value) if is_part else value
    made["variation_combination_hash"] = combination_hash(made["variations"])
    return made


def quality(score: float, grade: str = "B") -> dict[str, Any]:
    """A quality block with one measured metric."""
    one = copy.deepcopy(document()["quality"])
    return one | {"composite_score": score, "grade": grade}


def keep(root: Path, made: Mapping[str, Any]) -> str:
    """Put a sidecar and its picture into the store's folder; returns the key."""
    key = str(made["identity"]["key"])
    place = root / key
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content_of(key))
    place.with_name(place.name + ".json").write_text(json.dumps(made))
    return key


def lab_in(home: Path, *sidecars: Mapping[str, Any]) -> Lab:
    """A laboratory in this folder with these sidecars in its store."""
    lab = open_lab(environ={"DARKROOM_HOME": str(home), "HOME": str(home)}, cwd=home)
    lab.store_root.mkdir(parents=True, exist_ok=True)
    for made in sidecars:
        keep(lab.store_root, made)
    return lab


def settle(home: Path, monkeypatch: Any) -> None:
    """Make a folder the home of commands, with none of this machine's own settings."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("DARKROOM_HOME", str(home))
    monkeypatch.setenv("DARKROOM_BY", "ann")
