"""The libraries of the extra `models`, imported only when a scorer of theirs is opened.

Owns that they are optional, and the settings that must stand before they load. Their
types are not known here, for they are not installed everywhere.
"""

import contextlib
import io
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from darkroom.adapters.scorers.resident_offline import offline_settings
from darkroom.core.errors import UsageError


def extra(name: str) -> Any:
    """A module of the extra; UsageError where the extra is not installed."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # some print when they load
            return import_module(name)
    except ImportError as exc:
        message = f"{name.partition('.')[0]} cannot be imported: {exc}"
        raise UsageError("models-extra-missing", message) from exc


def prepare(weights: Path) -> Any:
    """Torch, told to look for files in one folder only."""
    os.environ.update(offline_settings(weights))
    return extra("torch")


def device_of(torch: Any, asked: str) -> str:
    """The device to compute on: the one asked for, or the best there is."""
    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "cpu"
