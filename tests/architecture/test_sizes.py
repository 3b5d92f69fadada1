"""Files stay readable: the table of our own tree, and the caps nothing may pass."""

import statistics
import sys
from pathlib import Path

import pytest

from tests.architecture.trees import ROOT, Function, functions, source_files

FILE_CAP = 400
FUNCTION_CAP = 50
PARAMETER_CAP = 6


def test_no_file_is_longer_than_the_cap() -> None:
    long = {f.name: f.lines for f in source_files() if f.lines > FILE_CAP}
    tests = {
        p.relative_to(ROOT).as_posix(): n
        for p in (ROOT / "tests").rglob("*.py")
        if (n := _line_count(p)) > FILE_CAP
    }
    assert long | tests == {}


def _line_count(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_function_is_longer_than_the_cap() -> None:
    assert [_place(f) for f in functions() if f.lines > FUNCTION_CAP] == []


def test_no_function_takes_more_parameters_than_the_cap() -> None:
    # the options of a command are its interface, and each is a parameter
    measured = [f for f in functions() if not f.file.startswith("darkroom/apps/cli/")]
    assert [_place(f) for f in measured if f.parameters > PARAMETER_CAP] == []


def test_every_function_says_what_it_returns() -> None:
    assert [_place(f) for f in functions() if not f.typed and f.name != "__init__"] == []


def test_every_module_says_why_it_exists() -> None:
    silent = [f.name for f in source_files() if not f.tree.body or not _docstring(f.text)]
    assert silent == []


def _docstring(text: str) -> bool:
    return text.lstrip().startswith(('"""', "'''"))


def test_the_tree_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    lengths = sorted(f.lines for f in source_files())
    bodies = sorted(f.lines for f in functions())
    public = [f for f in functions() if not f.name.startswith("_")]
    table = (
        f"\n{len(lengths)} files, median {statistics.median(lengths):.0f} lines, "
        f"max {lengths[-1]}; "
        f"{len(bodies)} functions, median {statistics.median(bodies):.0f}, "
        f"p90 {bodies[len(bodies) * 9 // 10]}, max {bodies[-1]}; "
        f"{100 * sum(f.documented for f in public) // len(public)} % of public ones documented\n"
    )
    with capsys.disabled():
        sys.stdout.write(table)
    assert statistics.median(bodies) <= 12


def _place(function: Function) -> str:
    size = f"{function.lines} lines, {function.parameters} parameters"
    return f"{function.file}:{function.name} ({size})"
