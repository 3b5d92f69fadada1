"""Every command is described where a reader looks for it."""

import pytest

from darkroom.apps.cli.reference import command_paths, commands_markdown
from tests.architecture.trees import ROOT

PATHS = command_paths()


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_stands_in_the_manual(path: tuple[str, ...]) -> None:
    manual = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"## `{' '.join(path)}`" in manual


@pytest.mark.parametrize("path", [p for p in PATHS if len(p) > 1], ids=" ".join)
def test_every_command_says_what_it_does(path: tuple[str, ...]) -> None:
    section = commands_markdown().split(f"## `{' '.join(path)}`\n\n```text\n")[1]
    usage, description = section.split("\n\n")[:2]
    assert usage.startswith("Usage: ")
    assert len(description.strip()) > 10
    assert not description.lstrip().startswith("Options:")


@pytest.mark.parametrize("group", sorted({p[1] for p in PATHS if len(p) > 1}))
def test_every_command_of_the_root_is_named_in_the_readme(group: str) -> None:
    assert f"darkroom {group}" in (ROOT / "README.md").read_text(encoding="utf-8")
