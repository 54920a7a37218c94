"""The filters that run over many results, as one comprehension each where their arguments are known.

``rows | selectattr("state", "equalto", "ok")`` is asked of hundreds of devices at once. Each function here first tries
what is nearly always right, that each row is a map which has the attribute; whatever else comes is left to the filter
itself, which says what is wrong with it. So a fast filter never has a meaning of its own.
"""

from collections.abc import Callable, Mapping, Sequence

from workflows.plan import Constant, Expr, Filter
from workflows.run.filters import FILTER_FUNCTIONS, items_of
from workflows.run.values import MAX_ITEMS, Json, sized

Compiled = Callable[[Mapping[str, object]], Json]


def fast_filter(expr: Filter, of: Compiled, args: Sequence[Compiled]) -> Compiled | None:
    """A filter as one comprehension; None where it has no such form.

    Args:
        expr: The filter.
        of: What it is applied to, compiled.
        args: Its arguments, compiled.
    """
    match expr:
        case Filter(name="selectattr" | "rejectattr", args=(attribute, Constant(value="equalto" | "=="), _)):
            name = _plain(attribute)
            return _equal(expr.name, of, name, args[2]) if name else None
        case Filter(name="selectattr" | "rejectattr", args=(attribute,)):
            name = _plain(attribute)
            return _true(expr.name, of, name) if name else None
        case Filter(name="select" | "reject", args=(Constant(value="equalto" | "=="), _)):
            return _same(expr.name, of, args[1])
        case Filter(name="map", args=(), kwargs=(("attribute", attribute),)):
            name = _plain(attribute)
            return _attribute(of, name) if name else None
        case _:
            return None


def _plain(attribute: Expr) -> str | None:
    """The attribute where it is one key, known beforehand."""
    name = attribute.value if isinstance(attribute, Constant) else None
    return name if isinstance(name, str) and "." not in name and not name.isdigit() else None


def _equal(kind: str, of: Compiled, name: str, other: Compiled) -> Compiled:
    slow, keep = FILTER_FUNCTIONS[kind], kind == "selectattr"

    def filtered(context: Mapping[str, object]) -> Json:
        rows, wanted = items_of(of(context), kind), other(context)
        try:
            if keep:
                return sized([row for row in rows if row[name] == wanted])
            return sized([row for row in rows if row[name] != wanted])
        except (KeyError, TypeError, IndexError):
            return sized(slow(rows, name, "equalto", wanted))

    return filtered


def _true(kind: str, of: Compiled, name: str) -> Compiled:
    slow, keep = FILTER_FUNCTIONS[kind], kind == "selectattr"

    def filtered(context: Mapping[str, object]) -> Json:
        rows = items_of(of(context), kind)
        try:
            return sized([row for row in rows if row[name]] if keep else [row for row in rows if not row[name]])
        except (KeyError, TypeError, IndexError):
            return sized(slow(rows, name))

    return filtered


def _same(kind: str, of: Compiled, other: Compiled) -> Compiled:
    keep = kind == "select"

    def filtered(context: Mapping[str, object]) -> Json:
        rows, wanted = items_of(of(context), kind), other(context)
        return sized([row for row in rows if (row == wanted) is keep])

    return filtered


def _attribute(of: Compiled, name: str) -> Compiled:
    slow = FILTER_FUNCTIONS["map"]

    def mapped(context: Mapping[str, object]) -> Json:
        rows = items_of(of(context), "map")
        try:
            if len(rows) <= MAX_ITEMS:
                return [row[name] for row in rows]
        except (KeyError, TypeError, IndexError):
            pass
        return sized(slow(rows, attribute=name))

    return mapped
