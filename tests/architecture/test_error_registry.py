"""Every code that is raised is registered, and every registered code is raised."""

import ast
import inspect

from darkroom.core import errors
from darkroom.core.error_codes import CODES
from darkroom.core.errors import DarkroomError
from tests.architecture.trees import SourceFile, source_files

ERROR_CLASSES = {
    name
    for name, member in vars(errors).items()
    if inspect.isclass(member) and issubclass(member, DarkroomError)
}


def _code_arguments(file: SourceFile) -> list[ast.expr]:
    calls = (node for node in ast.walk(file.tree) if isinstance(node, ast.Call) and node.args)
    return [call.args[0] for call in calls if _called_name(call) in ERROR_CLASSES]


def _called_name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def test_every_code_is_a_literal_where_the_error_is_made() -> None:
    dynamic = [
        f"{file.name}:{argument.lineno}"
        for file in source_files()
        for argument in _code_arguments(file)
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str))
    ]
    assert dynamic == []


def test_codes_raised_and_codes_registered_are_the_same_set() -> None:
    raised = {
        argument.value
        for file in source_files()
        for argument in _code_arguments(file)
        if isinstance(argument, ast.Constant)
    }
    assert sorted(raised - CODES.keys()) == []
    assert sorted(CODES.keys() - raised) == []


def test_every_row_has_a_meaning_and_a_hint() -> None:
    assert [row.code for row in CODES.values() if not (row.meaning and row.hint)] == []


def test_no_code_stands_twice_in_the_registry() -> None:
    from darkroom.core import error_codes

    assert len(error_codes.ROWS) == len(CODES)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = [
        part
        for line in (errors.__doc__ or "").splitlines()
        for part in line.replace("|", " ").replace("`", " ").replace("--", " ").split()[:1]
        if part in ERROR_CLASSES
    ]
    assert drawn == [name for name in vars(errors) if name in ERROR_CLASSES]


def test_the_exit_codes_in_the_docstring_are_those_of_the_classes() -> None:
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("|", " ").replace("`", " ").replace("--", " ").split()
        if words and words[0] in ERROR_CLASSES and len(words) > 1:
            assert str(getattr(errors, words[0]).exit_code) == words[1], line
