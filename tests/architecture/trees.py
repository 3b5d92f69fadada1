"""The project's own source, parsed once for the tests that read it."""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_FOLDERS = ("darkroom", "flows", "tasks", "blocks", "training", "benchmarks")


@dataclass(frozen=True)
class SourceFile:
    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@functools.cache
def source_files() -> tuple[SourceFile, ...]:
    paths = (p for folder in SOURCE_FOLDERS for p in sorted((ROOT / folder).rglob("*.py")))
    return tuple(_parsed(path) for path in paths)


def _parsed(path: Path) -> SourceFile:
    text = path.read_text(encoding="utf-8")
    return SourceFile(path, text, ast.parse(text, filename=str(path)))


@dataclass(frozen=True)
class Function:
    file: str
    name: str
    lines: int
    parameters: int
    nesting: int
    typed: bool
    documented: bool


def functions() -> tuple[Function, ...]:
    return tuple(
        _measured(file, node)
        for file in source_files()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _measured(file: SourceFile, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
    arguments = node.args.posonlyargs + node.args.args
    named = [a for a in arguments if a.arg not in {"self", "cls"}]
    return Function(
        file=file.name,
        name=node.name,
        lines=lines,
        parameters=len(named),
        nesting=max((_depth(child) for child in node.body), default=0),
        typed=node.returns is not None,
        documented=ast.get_docstring(node) is not None,
    )


_NESTS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)


def _depth(node: ast.AST) -> int:
    inner = max((_depth(child) for child in ast.iter_child_nodes(node)), default=0)
    is_elif = (
        isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
    )
    return inner + (1 if isinstance(node, _NESTS) and not is_elif else 0)
