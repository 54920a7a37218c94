"""The types of filters and tests: what they take, and what they make of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from workflows.definition.types import (
    INTEGER,
    NUMBER,
    TEXT,
    UNKNOWN,
    ListType,
    MapType,
    Number,
    Record,
    Text,
    Type,
    Unknown,
    bare_type,
    describe,
    join,
)
from workflows.plan import Constant, Expr, Filter
from workflows.suggest import did_you_mean
from workflows.vocabulary import FILTERS, TESTS

if TYPE_CHECKING:
    from workflows.definition.inference import Inference

Report = Callable[[str, str, Expr, str], None]

_TO_TEXT = ("string", "lower", "upper", "replace", "trim")
_OF_LISTS = (
    "sort",
    "unique",
    "select",
    "reject",
    "selectattr",
    "rejectattr",
    "map",
    "join",
    "sum",
    "first",
    "last",
    "min",
    "max",
    "list",
)


class FilterTypes:
    """The rules, with a place to report to, and who judges patterns."""

    def __init__(self, report: Report, pattern: Callable[[Expr], None]) -> None:
        self._report, self._pattern = report, pattern

    def result(
        self, inference: "Inference", node: Filter, of: Type, args: Sequence[Type], kwargs: Mapping[str, Type]
    ) -> Type:
        """What a filter makes of a value.

        Args:
            inference: Who asks; it knows members and comparisons.
            node: The filter.
            of: The type it is applied to; only ``default`` may get a null.
            args: The types of its positional arguments.
            kwargs: The types of its named arguments.
        """
        if node.name == "default":
            return join(bare_type(of), args[0]) if args else bare_type(of)
        if node.name in _OF_LISTS:
            return self._of_list(inference, node, of, args)
        return self._of_one(node, of, kwargs)

    def _of_one(self, node: Filter, of: Type, kwargs: Mapping[str, Type]) -> Type:  # noqa: ARG002 - one shape for all
        structured = isinstance(of, ListType | MapType | Record)
        match node.name:
            case "length":
                self._demand(structured or isinstance(of, Text | Unknown), node, of, "a list, a map or text")
                return INTEGER
            case "items" | "keys":
                self._demand(isinstance(of, MapType | Record | Unknown), node, of, "a map")
                key = of.key if isinstance(of, MapType) else TEXT
                return ListType(key) if node.name == "keys" else ListType(ListType(UNKNOWN))
            case "split":
                self._demand(isinstance(of, Text | Unknown), node, of, "text")
                return ListType(TEXT)
            case "round":
                self._demand(isinstance(of, Number | Unknown), node, of, "a number")
                return NUMBER
            case "int" | "float":
                self._demand(not structured, node, of, "a number or text")
                return INTEGER if node.name == "int" else NUMBER
            case _:
                assert node.name in _TO_TEXT
                self._demand(node.name == "string" or not structured, node, of, "text")
                return TEXT

    def _of_list(self, inference: "Inference", node: Filter, of: Type, args: Sequence[Type]) -> Type:
        item = _item_of(of)
        if item is None:
            self._demand(False, node, of, "a list")
            return UNKNOWN
        named = dict(node.kwargs)
        positions = FILTERS[node.name].params
        attribute = named.get("attribute")
        if attribute is None and "attribute" in positions and len(node.args) > positions.index("attribute"):
            attribute = node.args[positions.index("attribute")]
        inner = self._member(inference, item, attribute) if attribute is not None else item
        match node.name:
            case "first" | "last" | "min" | "max":
                return item
            case "sum":
                self._demand(isinstance(bare_type(inner), Number | Unknown), node, ListType(inner), "a list of numbers")
                return inner if isinstance(inner, Number) else NUMBER
            case "join":
                return TEXT
            case "map":
                return ListType(inner if attribute is not None else self._mapped(inference, node, item))
            case "select" | "reject":
                self._selected(inference, node, item, node.args, args)
            case "selectattr" | "rejectattr":
                self._selected(inference, node, inner, node.args[1:], args[1:])
        return ListType(item)

    def _member(self, inference: "Inference", item: Type, attribute: Expr) -> Type:
        if not isinstance(attribute, Constant) or not isinstance(attribute.value, str):
            return UNKNOWN
        found = item
        for part in attribute.value.split("."):
            found = inference.member(bare_type(found), part, attribute)
        return found

    def _mapped(self, inference: "Inference", node: Filter, item: Type) -> Type:
        if not node.args:
            self._report(
                "NS305", "`map` needs to know what to do", node, 'write `map(attribute="name")` or `map("lower")`'
            )
            return UNKNOWN
        name = node.args[0].value if isinstance(node.args[0], Constant) else None
        if not isinstance(name, str) or name not in FILTERS:
            hint = did_you_mean(str(name), FILTERS, "filters are")
            self._report("NS303", f"there is no filter `{name}`", node.args[0], hint)
            return UNKNOWN
        applied = Filter(name=name, of=node.of, args=node.args[1:])
        missing = len(applied.args) < FILTERS[name].required
        if missing:
            self._report("NS305", f"`{name}` needs more arguments", node.args[0], f"it needs {FILTERS[name].required}")
            return UNKNOWN
        return self.result(inference, applied, item, [UNKNOWN] * len(applied.args), {})

    def _selected(
        self, inference: "Inference", node: Filter, item: Type, args: Sequence[Expr], types: Sequence[Type]
    ) -> None:
        if not args:
            return
        name = args[0].value if isinstance(args[0], Constant) else None
        if not isinstance(name, str) or name not in TESTS:
            self._report("NS304", f"there is no test `{name}`", args[0], did_you_mean(str(name), TESTS, "tests are"))
            return
        given = list(zip(args[1:], types[1:], strict=True))
        if len(given) != TESTS[name].required:
            self._report("NS305", f"`{name}` with {len(given)} arguments", args[0], f"it takes {TESTS[name].required}")
            return
        self.test(inference, name, item, given, node)

    def test(self, inference: "Inference", name: str, of: Type, args: Sequence[tuple[Expr, Type]], node: Expr) -> None:
        """Checks what a test is asked about."""
        match name:
            case "equalto" | "==":
                inference.equality(of, args[0][1], args[0][0])
            case "in":
                inference.membership(of, bare_type(args[0][1]), node, args[0][0])
            case "match":
                if not isinstance(bare_type(of), Text | Unknown):
                    self._report("NS504", f"`match` needs text, and this is {describe(of)}", node, "use `string` first")
                self._pattern(args[0][0])
            case _:
                pass

    def _demand(self, fits: bool, node: Filter, of: Type, wanted: str) -> None:
        if not fits:
            self._report("NS504", f"`{node.name}` needs {wanted}, and this is {describe(of)}", node, "")


def _item_of(of: Type) -> Type | None:
    match of:
        case ListType():
            return of.item
        case MapType():
            return of.key
        case Text():
            return TEXT
        case Record():
            return TEXT
        case Unknown():
            return UNKNOWN
        case _:
            return None
