"""The files that come with Darkroom: templates, workflows, presets, prompts.

Owns where they are, in a checkout and in an installed wheel alike, and how
messages name them.
"""

from importlib.resources import files
from pathlib import Path

LABEL = "defaults"


def defaults_folder() -> Path:
    """The folder of shipped files; wheels are always unpacked, so it is a real one."""
    return Path(str(files("defaults")))


def shipped(name: str) -> Path:
    """One shipped file or folder."""
    return defaults_folder() / name


def label(name: str) -> str:
    """How messages name a shipped file."""
    return f"{LABEL}/{name}"
