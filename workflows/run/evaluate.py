"""Evaluates the expression trees of a plan: pure, bounded, and with the meaning of Jinja2 under StrictUndefined.

It knows only JSON values, never an attribute of a Python object, and it has no loop but those of the filters. Three
choices differ from Jinja2, each on the side of safety: a map looked up by an integer also finds that integer written
as text (a VLAN id survives JSON), ``default`` also replaces null (the outputs of a skipped step), and a condition must
be a boolean. The workflow and the activities both evaluate here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, assert_never

from workflows.errors import EvaluationError
from workflows.plan import (
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
from workflows.run.filters import FILTER_FUNCTIONS, TEST_FUNCTIONS

Value = object  # a JSON value; activities may also hand in maps with integer keys
Context = Mapping[str, Value]
Compiled = Callable[[Context], Value]

MAX_TEXT: Final = 65_536  # characters
MAX_ITEMS: Final = 100_000
MAX_NUMBER: Final = 10**30
MAX_KEPT: Final = 4_096

# The tree is kept beside its functions, so that its identity is not given to another one meanwhile.
_KEPT: Final[dict[int, tuple[Expr, Compiled]]] = {}


def evaluate(expr: Expr, context: Context) -> Value:
    """The value of an expression.

    Raises:
        EvaluationError: A missing name, attribute or item, operands that do not fit, or a limit reached.
    """
    try:
        return compiled(expr)(context)
    except EvaluationError:
        raise
    except RecursionError:
        raise EvaluationError("the expression is nested too deeply") from None
    except (TypeError, ValueError, ZeroDivisionError, OverflowError, KeyError, IndexError) as error:
        # What Python says of operands that do not fit is what a reader needs to know.
        raise EvaluationError(str(error)) from None


def truth(expr: Expr, context: Context) -> bool:
    """The value of a condition. Raises `EvaluationError` where it is not a boolean: truthiness is a mistake."""
    value = evaluate(expr, context)
    if not isinstance(value, bool):
        raise EvaluationError(f"a condition must be true or false, and this is {describe(value)}")
    return value


def text(expr: Expr, context: Context) -> str:
    """The value as text, as it stands in a message or a line."""
    return str(evaluate(expr, context))


def describe(value: Value) -> str:
    """A value for a message: its kind, and itself where it is short."""
    kind = {bool: "boolean", int: "integer", float: "number", str: "text", type(None): "null"}.get(type(value))
    if kind is None:
        kind = "map" if isinstance(value, Mapping) else "list"
    shown = repr(value)
    return f"{kind} {shown}" if len(shown) <= 40 else f"a {kind} of {len(shown)} characters"


def compiled(expr: Expr) -> Compiled:
    """The tree as nested functions: evaluated many times, walked once.

    Trees are kept by identity: equality will not do, for Python holds 0, 0.0 and false to be equal.
    """
    kept = _KEPT.get(id(expr))
    if kept is None or kept[0] is not expr:
        if len(_KEPT) >= MAX_KEPT:
            _KEPT.clear()
        kept = _KEPT[id(expr)] = (expr, _compile(expr))
    return kept[1]


def _compile(expr: Expr) -> Compiled:
    match expr:
        case Constant():
            value = expr.value
            return lambda _: value
        case Name() | Attr() | Item():
            return _lookup(expr)
        case ListOf():
            items = [_compile(item) for item in expr.items]
            return lambda context: [item(context) for item in items]
        case MapOf():
            pairs = [(_compile(key), _compile(value)) for key, value in expr.items]
            return lambda context: {key(context): value(context) for key, value in pairs}
        case Logic():
            return _logic(expr)
        case Not():
            of = _compile(expr.of)
            return lambda context: not of(context)
        case Compare():
            return _compare(expr)
        case Arith():
            return _arith(expr)
        case Neg():
            return _sign(expr)
        case Concat():
            parts = [_compile(part) for part in expr.parts]
            return lambda context: _sized("".join(str(part(context)) for part in parts))
        case Choose():
            test, then, otherwise = _compile(expr.test), _compile(expr.then), _compile(expr.otherwise)
            return lambda context: then(context) if test(context) else otherwise(context)
        case Filter():
            return _filter(expr)
        case Test():
            return _test(expr)
        case _:
            assert_never(expr)


# --------------------------------------------------------------------------------------------------------- look-ups


class _Missing:
    """What a look-up found where there is nothing; only ``default`` and ``is defined`` ever see it."""


MISSING: Final = _Missing()


def _lookup(expr: Name | Attr | Item) -> Compiled:
    find = _find(expr)
    said = _spelled(expr)

    def strict(context: Context) -> Value:
        value = find(context)
        if value is MISSING:
            raise EvaluationError(f"{said} has no value here")
        return value

    return strict


def _find(expr: Name | Attr | Item) -> Compiled:
    """A look-up that answers `MISSING`; what it looks *in* must exist."""
    match expr:
        case Name():
            name = expr.name
            return lambda context: context.get(name, MISSING)
        case Attr():
            of, attribute = _compile(expr.of), expr.name
            return lambda context: _member(of(context), attribute)
        case Item():
            of, key = _compile(expr.of), _compile(expr.key)
            return lambda context: _item(of(context), key(context))
        case _:
            assert_never(expr)


def _member(value: Value, name: str) -> Value:
    if value is None:
        return MISSING
    if not isinstance(value, Mapping):
        raise EvaluationError(f"{describe(value)} has no attribute {name!r}")
    return value.get(name, MISSING)


def _item(value: Value, key: Value) -> Value:
    if value is None:
        return MISSING
    if isinstance(value, Mapping):
        return _in_map(value, key)
    if isinstance(value, Sequence) and isinstance(key, int) and not isinstance(key, bool):
        return value[key] if -len(value) <= key < len(value) else MISSING
    raise EvaluationError(f"{describe(value)} has no item {describe(key)}")


def _in_map(value: Mapping[Value, Value], key: Value) -> Value:
    if isinstance(key, list | dict):
        raise EvaluationError(f"{describe(key)} cannot be a key")
    if key in value:
        return value[key]
    other = _other_spelling(key)
    return MISSING if other is None else value.get(other, MISSING)


def _other_spelling(key: Value) -> Value:
    """JSON turns integer keys into text: 120 and "120" name one VLAN."""
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    if isinstance(key, str) and key.isascii() and key.isdigit() and (key == "0" or key[0] != "0"):
        return int(key)
    return None


def _spelled(expr: Expr) -> str:
    match expr:
        case Name():
            return expr.name
        case Attr():
            return f"{_spelled(expr.of)}.{expr.name}"
        case Item():
            return f"{_spelled(expr.of)}[{_spelled(expr.key)}]"
        case Constant():
            return repr(expr.value)
        case _:
            return "…"


# -------------------------------------------------------------------------------------------------------- operators


def _logic(expr: Logic) -> Compiled:
    left, right = _compile(expr.left), _compile(expr.right)
    if expr.op == "and":
        return lambda context: left(context) and right(context)
    return lambda context: left(context) or right(context)


def _contains(value: Value, container: Value) -> bool:
    if isinstance(container, Mapping):
        return _in_map(container, value) is not MISSING
    if isinstance(container, str):
        if not isinstance(value, str):
            raise EvaluationError(f"{describe(value)} cannot be in a text")
        return value in container
    if isinstance(container, Sequence):
        return value in container
    raise EvaluationError(f"nothing can be in {describe(container)}")


_COMPARISONS: Final[Mapping[str, Callable[..., bool]]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": _contains,
    "not in": lambda left, right: not _contains(left, right),
}


def _compare(expr: Compare) -> Compiled:
    first = _compile(expr.first)
    rest = [(_COMPARISONS[operator], _compile(operand)) for operator, operand in expr.rest]

    def chain(context: Context) -> bool:
        left = first(context)
        for holds, operand in rest:
            right = operand(context)
            if not holds(left, right):
                return False
            left = right
        return True

    return chain


_ARITHMETIC: Final[Mapping[str, Callable[..., Value]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
    "**": lambda left, right: left**right,
}


def _arith(expr: Arith) -> Compiled:
    left, right, operator = _compile(expr.left), _compile(expr.right), expr.operator
    calculate = _ARITHMETIC[operator]

    def arith(context: Context) -> Value:
        one, two = left(context), right(context)
        if operator == "+" and isinstance(one, str | list) and type(one) is type(two):
            return _sized(calculate(one, two))
        if not (_number(one) and _number(two)):
            raise EvaluationError(f"{describe(one)} {operator} {describe(two)} cannot be calculated")
        if operator == "**" and isinstance(two, int | float) and abs(two) > 100:
            raise EvaluationError("an exponent above 100 is refused")
        result = calculate(one, two)
        if not isinstance(result, int | float) or abs(result) > MAX_NUMBER:
            raise EvaluationError("the number is too large")
        return result

    return arith


def _number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sign(expr: Neg) -> Compiled:
    of, negative = _compile(expr.of), expr.op == "neg"

    def sign(context: Context) -> Value:
        value = of(context)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise EvaluationError(f"{describe(value)} has no sign")
        return -value if negative else value

    return sign


def _sized(value: Value) -> Value:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise EvaluationError(f"a text of more than {MAX_TEXT:,} characters")
    if isinstance(value, list | dict) and len(value) > MAX_ITEMS:
        raise EvaluationError(f"more than {MAX_ITEMS:,} items")
    return value


# --------------------------------------------------------------------------------------------------- filters, tests


def _filter(expr: Filter) -> Compiled:
    args = [_compile(arg) for arg in expr.args]
    kwargs = [(name, _compile(value)) for name, value in expr.kwargs]
    if expr.name == "default":
        return _default(expr, args)
    of, function = _compile(expr.of), FILTER_FUNCTIONS[expr.name]

    def apply(context: Context) -> Value:
        return _sized(
            function(of(context), *[arg(context) for arg in args], **{name: value(context) for name, value in kwargs})
        )

    return apply


def _default(expr: Filter, args: Sequence[Compiled]) -> Compiled:
    of = _find(expr.of) if isinstance(expr.of, Name | Attr | Item) else _compile(expr.of)

    def default(context: Context) -> Value:
        value = of(context)
        if value is not MISSING and value is not None and not (len(args) > 1 and args[1](context) and not value):
            return value
        return args[0](context) if args else ""

    return default


def _test(expr: Test) -> Compiled:
    if expr.name == "defined":
        found = _find(expr.of) if isinstance(expr.of, Name | Attr | Item) else _compile(expr.of)
        return lambda context: found(context) is not MISSING
    of, function = _compile(expr.of), TEST_FUNCTIONS[expr.name]
    args = [_compile(arg) for arg in expr.args]
    return lambda context: function(of(context), *[arg(context) for arg in args])
