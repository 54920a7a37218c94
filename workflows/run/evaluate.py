"""Evaluates the expression trees of a plan: pure, bounded, and with the meaning of Jinja2 under StrictUndefined.

It knows only JSON values, never an attribute of a Python object, and it has no loop but those of the filters. Its
choices that differ from Jinja2 are each on the side of safety: a map looked up by an integer also finds that integer
written as text (a VLAN id survives JSON), ``default`` also replaces null (the outputs of a skipped step), a condition
must be a boolean, booleans are no numbers, a text is no list of characters, and all that is made has a limit
(`values.py`). The workflow and the activities both evaluate here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, assert_never

from workflows.errors import EvaluationError, MissingValueError
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
from workflows.run.arithmetic import COMPARISONS, calculate, signed
from workflows.run.fast import fast_filter
from workflows.run.filters import FILTER_FUNCTIONS, TEST_FUNCTIONS
from workflows.run.values import MAX_TEXT, MISSING, as_text, describe, item, member, sized, weighed

__all__ = ["Context", "Value", "compiled", "describe", "evaluate", "text", "truth"]

Value = object  # a JSON value; activities may also hand in maps with integer keys
Context = Mapping[str, Value]
Compiled = Callable[[Context], Value]

MAX_KEPT: Final = 4_096
# Under this name, which no expression can give, a context says whether outputs of a skipped step are null; they are
# where it says nothing. Asked only where it matters: a run of an older build goes on as it had begun.
NULLS: Final = "_nulls"

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
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
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
    value = evaluate(expr, context)
    try:
        return as_text(value)
    except ValueError as error:  # an integer of thousands of digits
        raise EvaluationError(str(error)) from None


def compiled(expr: Expr) -> Compiled:
    """The tree as nested functions: evaluated many times, walked once.

    Trees are kept by identity: equality will not do, for Python holds 0, 0.0 and false to be equal.
    """
    kept = _KEPT.get(id(expr))
    if kept is None or kept[0] is not expr:
        if len(_KEPT) >= MAX_KEPT:
            _KEPT.clear()
        function = _compile(expr)
        kept = _KEPT[id(expr)] = (expr, _weighing(function) if _makes(expr) else function)
    return kept[1]


def _weighing(function: Compiled) -> Compiled:
    return lambda context: weighed(function(context))


def _makes(expr: Expr) -> bool:
    """Whether the value may be larger than what it is made from: a list or a map of several values."""
    match expr:
        case ListOf() | MapOf() | Arith():
            return True
        case Filter():
            return _makes(expr.of) or any(map(_makes, expr.args)) or any(_makes(value) for _, value in expr.kwargs)
        case Logic():
            return _makes(expr.left) or _makes(expr.right)
        case Choose():
            return _makes(expr.then) or _makes(expr.otherwise)
        case Attr() | Item():
            return _makes(expr.of)
        case _:
            return False


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
            left, right, operate = _compile(expr.left), _compile(expr.right), calculate(expr.operator)
            return lambda context: operate(left(context), right(context))
        case Neg():
            of, negative = _compile(expr.of), expr.op == "neg"
            return lambda context: signed(of(context), negative)
        case Concat():
            return _concat([_compile(part) for part in expr.parts])
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


def _lookup(expr: Name | Attr | Item) -> Compiled:
    find = _find(expr)
    said = _spelled(expr)
    step = _compile(expr.of) if isinstance(expr, Attr) and _is_step(expr.of) else None

    def strict(context: Context) -> Value:
        value = find(context)
        if value is MISSING:
            if step is not None and step(context) is None and _gives_null(context):
                return None  # the outputs of a step that was skipped are null
            raise MissingValueError(said)
        return value

    return strict


def _gives_null(context: Context) -> bool:
    nulls = context.get(NULLS)
    return bool(nulls()) if callable(nulls) else True


def _is_step(expr: Expr) -> bool:
    return isinstance(expr, Attr) and isinstance(expr.of, Name) and expr.of.name == "steps"


def _find(expr: Name | Attr | Item) -> Compiled:
    """A look-up that answers `MISSING`; what it looks *in* must exist."""
    match expr:
        case Name():
            name = expr.name
            return lambda context: context.get(name, MISSING)
        case Attr():
            of, attribute = _compile(expr.of), expr.name
            return lambda context: member(of(context), attribute)
        case Item():
            of, key = _compile(expr.of), _compile(expr.key)
            return lambda context: item(of(context), key(context))
        case _:
            assert_never(expr)


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
            return "the expression"


# -------------------------------------------------------------------------------------------------------- operators


def _logic(expr: Logic) -> Compiled:
    left, right = _compile(expr.left), _compile(expr.right)
    if expr.op == "and":
        return lambda context: left(context) and right(context)
    return lambda context: left(context) or right(context)


def _compare(expr: Compare) -> Compiled:
    first = _compile(expr.first)
    rest = [(COMPARISONS[operator], _compile(operand)) for operator, operand in expr.rest]
    if len(rest) == 1:
        holds, second = rest[0]
        return lambda context: holds(first(context), second(context))

    def chain(context: Context) -> bool:
        left = first(context)
        for holds, operand in rest:
            right = operand(context)
            if not holds(left, right):
                return False
            left = right
        return True

    return chain


def _concat(parts: Sequence[Compiled]) -> Compiled:
    def concat(context: Context) -> str:
        texts, left = list[str](), MAX_TEXT
        for part in parts:
            texts.append(as_text(part(context)))
            left -= len(texts[-1])
            if left < 0:
                raise EvaluationError(f"a text of more than {MAX_TEXT:,} characters")
        return "".join(texts)

    return concat


# --------------------------------------------------------------------------------------------------- filters, tests


def _filter(expr: Filter) -> Compiled:
    args = [_compile(arg) for arg in expr.args]
    if expr.name == "default":
        return _default(expr, args)
    of, function = _compile(expr.of), FILTER_FUNCTIONS[expr.name]
    fast = fast_filter(expr, of, args)
    if fast is not None:
        return fast
    kwargs = [(name, _compile(value)) for name, value in expr.kwargs]
    if not args and not kwargs:
        return lambda context: sized(function(of(context)))

    def apply(context: Context) -> Value:
        return sized(
            function(of(context), *[arg(context) for arg in args], **{name: value(context) for name, value in kwargs})
        )

    return apply


def _default(expr: Filter, args: Sequence[Compiled]) -> Compiled:
    of = _find(expr.of) if isinstance(expr.of, Name | Attr | Item) else _compile(expr.of)
    otherwise = args[0] if args else lambda _: ""

    def default(context: Context) -> Value:
        value = of(context)
        return otherwise(context) if value is MISSING or value is None else value

    return default


def _test(expr: Test) -> Compiled:
    if expr.name == "defined":
        found = _find(expr.of) if isinstance(expr.of, Name | Attr | Item) else _compile(expr.of)
        return lambda context: found(context) is not MISSING
    of, function = _compile(expr.of), TEST_FUNCTIONS[expr.name]
    args = [_compile(arg) for arg in expr.args]
    return lambda context: function(of(context), *[arg(context) for arg in args])
