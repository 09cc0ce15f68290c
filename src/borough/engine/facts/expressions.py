"""Arithmetic that comes as text in a table: numbers, ``v("NAME")``, and + - * / **.  No more."""

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any

from borough.core.errors import BadFact

TWO: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
LONGEST = 500


def parsed(text: str) -> ast.expr:
    """Read an expression; `BadFact` where it is none, or holds anything else."""
    try:
        tree = ast.parse(text, mode="eval").body if len(text) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None or not all(map(_allowed, ast.walk(tree))):
        msg = f"expression: {text!r} is not arithmetic over v(...)"
        raise BadFact(msg)
    return tree


def names(tree: ast.expr) -> Iterator[str]:
    """Give the names that an expression asks for, in order and as often as it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield str(_argument(node))


def worth(tree: ast.expr, value: Callable[[str], float]) -> float:
    """Work an expression out; NaN where it divides by zero or leaves the numbers."""
    try:
        result = _worth(tree, value)
    except (ZeroDivisionError, OverflowError):
        return float("nan")
    return float("nan") if isinstance(result, complex) else result


def _worth(node: ast.expr, value: Callable[[str], float]) -> Any:
    if isinstance(node, ast.BinOp):
        return TWO[type(node.op)](_worth(node.left, value), _worth(node.right, value))
    if isinstance(node, ast.UnaryOp):
        return -_worth(node.operand, value)
    if isinstance(node, ast.Call):
        return value(str(_argument(node)))
    assert isinstance(node, ast.Constant)  # noqa: S101 - nothing else passes `parsed`
    return node.value


def _allowed(node: ast.AST) -> bool:
    """Tell whether a part of an expression is arithmetic."""
    if isinstance(node, ast.Call):
        return isinstance(_argument(node), str)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float | str) and not isinstance(node.value, bool)
    if isinstance(node, ast.Name):
        return node.id == "v"
    if isinstance(node, ast.BinOp):
        return type(node.op) in TWO
    return isinstance(node, ast.UnaryOp | ast.USub | ast.operator | ast.expr_context)


def _argument(call: ast.Call) -> Any:
    """Give the one name that ``v`` is asked for, or None."""
    plain = isinstance(call.func, ast.Name) and call.func.id == "v" and not call.keywords
    only = call.args[0] if plain and len(call.args) == 1 else None
    return only.value if isinstance(only, ast.Constant) else None
