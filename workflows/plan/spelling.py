"""Expression trees back to text, as a person would write them: for graphs and messages, of definitions and of runs.

The plan keeps trees only. Parsing what comes out gives the same tree again, the spelling of constants and of needless
brackets aside; a property test holds it to that.
"""

import json
from typing import Final, assert_never

from workflows.plan.expressions import (
    Arith,
    Attr,
    Choose,
    Compare,
    Concat,
    Constant,
    Expr,
    Filter,
    Item,
    ListOf,
    Logic,
    MapOf,
    Name,
    Neg,
    Not,
    Test,
)

# How tightly each binds, as Jinja2's parser reads them: the looser ones get brackets inside the tighter ones.
_CHOICE: Final = 0
_OR: Final = 1
_AND: Final = 2
_NOT: Final = 3
_COMPARE: Final = 4  # tests too: a word that follows one without arguments would become its argument
_SUM: Final = 5
_CONCAT: Final = 6
_PRODUCT: Final = 7
_POWER: Final = 8
_FILTER: Final = 9
_UNARY: Final = 10
_POSTFIX: Final = 11
_ATOM: Final = 12

_TEST_NAMES: Final = {"==": "equalto"}  # that one is a word between quotes only


def spelling(tree: Expr) -> str:
    """An expression as text, without the braces around it."""
    return _spelled(tree)[0]


def value_spelling(tree: Expr) -> str:
    """A value as it stands in a definition: constants bare, expressions in ``${{ }}``."""
    match tree:
        case Constant(value=str() as text):
            return text
        case Constant():
            return json.dumps(tree.value, ensure_ascii=False)
        case Concat():
            return "".join(value_spelling(part) for part in tree.parts)
        case _:
            return f"${{{{ {spelling(tree)} }}}}"


def _at(tree: Expr, least: int) -> str:
    text, strength = _spelled(tree)
    return text if strength >= least else f"({text})"


def _spelled(tree: Expr) -> tuple[str, int]:
    match tree:
        case Constant():
            return _constant(tree.value)
        case Name():
            return tree.name, _ATOM
        case Attr():
            return f"{_at(tree.of, _POSTFIX)}.{tree.name}", _POSTFIX
        case Item():
            return f"{_at(tree.of, _POSTFIX)}[{spelling(tree.key)}]", _POSTFIX
        case ListOf():
            return f"[{_joined(tree.items)}]", _ATOM
        case MapOf():
            pairs = ", ".join(f"{_at(key, _OR)}: {spelling(value)}" for key, value in tree.items)
            return f"{{{pairs}}}", _ATOM
        case Logic():
            own = _OR if tree.op == "or" else _AND
            return f"{_at(tree.left, own)} {tree.op} {_at(tree.right, own + 1)}", own
        case Not():
            return f"not {_at(tree.of, _NOT)}", _NOT
        case Compare():
            rest = "".join(f" {op} {_at(operand, _SUM)}" for op, operand in tree.rest)
            return _at(tree.first, _SUM) + rest, _COMPARE
        case Arith():
            return _arithmetic(tree)
        case Neg():
            return f"{'-' if tree.op == 'neg' else '+'}{_at(tree.of, _UNARY)}", _UNARY
        case Concat():
            return " ~ ".join(_at(part, _PRODUCT) for part in tree.parts), _CONCAT
        case Choose():
            return f"{_at(tree.then, _SUM)} if {_at(tree.test, _OR)} else {spelling(tree.otherwise)}", _CHOICE
        case Filter():
            named = [f"{key}={spelling(value)}" for key, value in tree.kwargs]
            given = ", ".join([*map(spelling, tree.args), *named])
            of = spelling(tree.of) if isinstance(tree.of, Filter) else _at(tree.of, _POSTFIX)
            return f"{of} | {tree.name}" + (f"({given})" if given else ""), _FILTER
        case Test():
            given = f"({_joined(tree.args)})" if tree.args else ""
            return f"{_at(tree.of, _FILTER)} is {_TEST_NAMES.get(tree.name, tree.name)}{given}", _COMPARE
        case _:
            assert_never(tree)


def _arithmetic(tree: Arith) -> tuple[str, int]:
    own = {"+": _SUM, "-": _SUM, "**": _POWER}.get(tree.operator, _PRODUCT)
    return f"{_at(tree.left, own)} {tree.operator} {_at(tree.right, own + 1)}", own


def _joined(trees: tuple[Expr, ...]) -> str:
    return ", ".join(spelling(one) for one in trees)


def _constant(value: object) -> tuple[str, int]:
    match value:
        case None:
            return "none", _ATOM
        case bool():
            return ("true" if value else "false"), _ATOM
        case str():
            return _quoted(value), _ATOM
        case int() | float():
            return repr(value), _ATOM if value >= 0 else _UNARY
        case list():
            return f"[{', '.join(_constant(one)[0] for one in value)}]", _ATOM
        case dict():
            pairs = (f"{_quoted(str(key))}: {_constant(one)[0]}" for key, one in value.items())
            return f"{{{', '.join(pairs)}}}", _ATOM
        case _:
            raise AssertionError(f"no constant of JSON: {value!r}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"' if '"' not in escaped else "'" + escaped.replace("'", "\\'") + "'"
