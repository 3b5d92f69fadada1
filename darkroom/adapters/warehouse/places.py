"""Which keys of a store hold documents for the warehouse, and which folders can hold any.

Owns that one decision, as functions of the key alone: a folder and a bucket with the
same keys give the same warehouse.
"""

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from darkroom.core.keys import is_key, is_run_id

Kind: TypeAlias = Literal[
    "sidecar",
    "s2",
    "annotation",
    "scores",
    "run",
    "result",
    "ranking",
    "failure",
    "outcome",
    "refinement",
]

_SIDECAR = re.compile(r".\.(?:png|jpe?g|webp)\.json\Z")
_ULID = "[0-7][0-9a-hjkmnp-tv-z]{25}"
_PLACES: Mapping[str, tuple[re.Pattern[str], Kind]] = {
    "metadata": (re.compile(r"iteration_\d+_metadata\.json\Z"), "s2"),
    "scores": (re.compile(rf".+\.{_ULID}\.json\Z"), "scores"),
    "human": (re.compile(rf"{_ULID}\.json\Z"), "annotation"),
}
_INSIDE_A_RUN: Mapping[str, tuple[re.Pattern[str], Kind]] = {
    "failures": (re.compile(r".+\.json\Z"), "failure"),
    "outcomes": (re.compile(r"[0-9a-f]{64}\.\d{1,3}\.json\Z"), "outcome"),
    "refinement": (re.compile(r"[0-9a-f]{12}\.json\Z"), "refinement"),
}
"""Elsewhere folders of these names are somebody else's."""
_RESULT = re.compile(r"result(?:\.\d{1,4})?\.json\Z")
_OF_A_PROJECT = frozenset({"config", "input", "logs", "output"})
_OF_A_RUN = frozenset({"images", "metadata", "human", "scores", *_INSIDE_A_RUN})
_DEPTH_OF_A_RUN = 3


def kind_of(key: str) -> Kind | None:
    """What the document under the key is, or None for keys the warehouse does not read."""
    folder, _, name = key.rpartition("/")
    kind = kind_in(folder, name)
    return kind if kind is not None and is_listed(folder) and is_key(key) else None


def kind_in(folder: str, name: str) -> Kind | None:
    """As `kind_of`, for a folder that is known to be listed; the name may yet be no key's."""
    if not name.endswith(".json"):
        return None
    if _SIDECAR.search(name):
        return "sidecar"
    place = _PLACES.get(folder.rpartition("/")[2])
    if place is not None and place[0].match(name):
        return place[1]
    if name == "ranking.json" and folder.rpartition("/")[2] == "human":
        return "ranking"
    root = run_root(folder)
    return None if root is None else _in_a_run(folder.removeprefix(root), name)


def _in_a_run(inside: str, name: str) -> Kind | None:
    """The documents of a run as a whole, and those of some folders in it."""
    if inside:
        place = _INSIDE_A_RUN.get(inside[1:])
        return place[1] if place is not None and place[0].match(name) else None
    if name == "run.json":
        return "run"
    return "result" if _RESULT.match(name) else None


def is_listed(folder: str) -> bool:
    """Whether a folder, or one below it, can hold what the warehouse reads; no closing slash."""
    parts = folder.split("/")
    if len(parts) == 1 or parts[1] in _OF_A_PROJECT:
        return len(parts) == 1
    if parts[1] != "working" or len(parts) < _DEPTH_OF_A_RUN:
        return True
    if parts[2] == "jobs":
        return False
    inside = parts[_DEPTH_OF_A_RUN : _DEPTH_OF_A_RUN + 1]
    return not (inside and is_run_id(parts[2])) or inside[0] in _OF_A_RUN


def run_root(key: str) -> str | None:
    """The root of the run a key lies in, or None outside of runs."""
    parts = key.split("/")
    if len(parts) < _DEPTH_OF_A_RUN or parts[1] != "working":
        return None
    return "/".join(parts[:_DEPTH_OF_A_RUN])


def run_of_key(key: str) -> str:
    """`PROJECT/RUN_ID` of the run a key lies in; outside of runs its first folder."""
    root = run_root(key)
    return run_name(root) if root else key.partition("/")[0]


def run_name(root: str) -> str:
    """`PROJECT/RUN_ID` of a run's root."""
    project, _, run = root.split("/")
    return f"{project}/{run}"
