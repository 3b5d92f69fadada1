"""Conditions between axes: `steps * cfg <= 200`.

Owns their small language: comparisons, and/or/not, the four operations, lists of values.
Python's parser reads them, but nothing of Python is run: every kind of node that is not
listed here is refused. Mistakes are told in plain words.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from darkroom.core.experiments.cells import Scalar
from darkroom.core.text import shortened

_LONGEST = 500
_MOST_LEVELS = 100
"""Of things within things; a person loses track of fewer."""
_WORDS: Mapping[str, bool] = {"true": True, "false": False}
_ARITHMETIC: Mapping[type[ast.operator], tuple[str, Callable[[float, float], float]]] = {
    ast.Add: ("+", lambda one, other: one + other),
    ast.Sub: ("-", lambda one, other: one - other),
    ast.Mult: ("*", lambda one, other: one * other),
    ast.Div: ("/", lambda one, other: one / other),
    ast.Mod: ("%", lambda one, other: one % other),
}
_ORDERS: Mapping[type[ast.cmpop], tuple[str, Callable[[Any, Any], bool]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}
_EQUALS = (ast.Eq, ast.NotEq)
_MEMBER = (ast.In, ast.NotIn)


class Unclear(ValueError):
    """A condition that means nothing, or nothing for these values."""


@dataclass(frozen=True)
class Constraint:
    """One condition, understood."""

    text: str
    tree: ast.expr
    names: tuple[str, ...]
    """What it speaks of, each once."""

    def holds(self, values: Mapping[str, Scalar]) -> bool:
        """Whether these values meet it; ValueError where it means nothing for them."""
        return _truth(_value(self.tree, values))


def read_constraint(text: str) -> Constraint:
    """Understand a condition."""
    if len(text) > _LONGEST:
        raise Unclear(f"is longer than {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unclear("is no condition; write for example: steps * cfg <= 200") from None
    if _levels(tree) > _MOST_LEVELS:
        raise Unclear(f"is nested deeper than {_MOST_LEVELS} levels")
    _check(tree)
    names = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return Constraint(text, tree, tuple(dict.fromkeys(n for n in names if n not in _WORDS)))


def _check(tree: ast.expr) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, _KNOWN):
            shown = shortened(ast.unparse(node), 40) if isinstance(node, ast.expr) else ""
            what = repr(shown) if shown else type(node).__name__.lower()
            raise Unclear(
                f"cannot hold {what}; there are comparisons, and, or, not, in, + - * / % and ()"
            )
        if isinstance(node, ast.Constant) and not isinstance(node.value, str | int | float):
            raise Unclear(
                f"cannot hold {ast.unparse(node)}; values are numbers, texts, true, false"
            )


def _levels(tree: ast.expr) -> int:
    """How deep it is nested, counted without going as deep."""
    level = 0
    found: list[ast.AST] = [tree]
    while found:
        level += 1
        found = [child for node in found for child in ast.iter_child_nodes(node)]
    return level


_KNOWN = (
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.Tuple,
    ast.List,
    ast.UnaryOp,
    ast.Not,
    ast.USub,
    ast.BinOp,
    *_ARITHMETIC,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.Compare,
    *_ORDERS,
    *_EQUALS,
    *_MEMBER,
)


def _value(node: ast.expr, values: Mapping[str, Scalar]) -> object:
    match node:
        case ast.Name(id=name):
            return _WORDS[name] if name in _WORDS else values[name]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(_value(item, values) for item in items)
        case ast.BinOp():
            return _calculated(node, values)
        case ast.Compare():
            return _compared(node, values)
        case ast.Constant():
            return node.value
        case _:
            return _joined(cast("ast.UnaryOp | ast.BoolOp", node), values)


def _joined(node: ast.UnaryOp | ast.BoolOp, values: Mapping[str, Scalar]) -> object:
    if isinstance(node, ast.BoolOp):
        every = all if isinstance(node.op, ast.And) else any
        return every(_truth(_value(part, values)) for part in node.values)
    inner = _value(node.operand, values)
    return not _truth(inner) if isinstance(node.op, ast.Not) else -_number(inner, "-")


def _calculated(node: ast.BinOp, values: Mapping[str, Scalar]) -> float:
    sign, operation = _ARITHMETIC[type(node.op)]
    left = _number(_value(node.left, values), sign)
    right = _number(_value(node.right, values), sign)
    try:
        return operation(left, right)
    except (ZeroDivisionError, OverflowError):
        what = shortened(ast.unparse(node), 80)
        told = " and ".join(shortened(str(side), 20) for side in (left, right))
        raise Unclear(f"{what!r} has no value for {told}") from None


def _compared(node: ast.Compare, values: Mapping[str, Scalar]) -> bool:
    left = _value(node.left, values)
    for order, inner in zip(node.ops, node.comparators, strict=True):
        right = _value(inner, values)
        if not _holds(order, left, right):
            return False
        left = right
    return True


def _holds(order: ast.cmpop, left: object, right: object) -> bool:
    if isinstance(order, _EQUALS):
        return (left == right) is isinstance(order, ast.Eq)
    if isinstance(order, _MEMBER):
        if not isinstance(right, tuple):
            raise Unclear("after 'in' a list is expected, such as ('euler', 'ddim')")
        return (left in cast("tuple[object, ...]", right)) is isinstance(order, ast.In)
    sign, compare = _ORDERS[type(order)]
    return compare(_number(left, sign), _number(right, sign))


def _number(value: object, sign: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unclear(f"{sign!r} needs numbers, not {_shown(value)}")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unclear(f"a condition is true or false, not {_shown(value)}")
    return value


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float) else "a list"
