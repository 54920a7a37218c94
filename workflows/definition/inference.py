"""What type an expression has, and every operation in it that can only go wrong.

One recursive walk with a scope. What is not known statically is let through, since the run checks again; what is
reported is wrong whatever the devices answer.
"""

from typing import assert_never

from workflows.definition.diagnostics import Findings
from workflows.definition.expressions import Expression
from workflows.definition.filter_types import FilterTypes
from workflows.definition.guards import NOTHING, Known, shown
from workflows.definition.patterns_of import report_pattern
from workflows.definition.scopes import Scope
from workflows.definition.trees import path_of
from workflows.definition.types import (
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    STEPS,
    TEXT,
    UNKNOWN,
    Boolean,
    ListType,
    MapType,
    Maybe,
    Null,
    Number,
    Record,
    Steps,
    Text,
    Type,
    Unknown,
    bare_type,
    concatenated,
    describe,
    describe_many,
    join,
    join_all,
    may_equal,
    type_of_constant,
)
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
from workflows.suggest import did_you_mean


class Inference:
    """Infers one expression of one place."""

    def __init__(self, expression: Expression, scope: Scope, findings: Findings) -> None:
        self._expression, self._scope, self._findings = expression, scope, findings

    def result(self) -> Type:
        """The type of the whole."""
        return self.infer(self._expression.tree, NOTHING)

    def report(self, code: str, message: str, node: Expr, hint: str = "") -> None:
        """Records a finding at the word that makes a node."""
        self._findings.add(code, message, self._expression.focus(node), hint)

    def infer(self, node: Expr, known: Known) -> Type:  # noqa: C901 - one match over kinds
        """The type of a node, given what guards around it have shown."""
        match node:
            case Constant():
                return type_of_constant(node.value)
            case Name():
                return self._narrowed(node, self._scope.names.get(node.name, UNKNOWN), known)
            case Attr():
                return self._narrowed(node, self._attribute(node, known), known)
            case Item():
                return self._narrowed(node, self._item(node, known), known)
            case ListOf():
                return ListType(join_all([self.infer(item, known) for item in node.items]))
            case MapOf():
                return self._map(node, known)
            case Logic():
                return self._logic(node, known)
            case Not():
                self.condition(node.of, known, "`not`")
                return BOOLEAN
            case Compare():
                return self._compare(node, known)
            case Arith():
                return self._arith(node, known)
            case Neg():
                found = self.present(node.of, known)
                if not isinstance(found, Number | Unknown):
                    self.report("NS504", f"{describe(found)} has no sign", node.of)
                return found if isinstance(found, Number) else NUMBER
            case Concat():
                return concatenated([self.present(part, known) for part in node.parts])
            case Choose():
                self.condition(node.test, known, "the condition of `if`")
                then = self.infer(node.then, known | shown(node.test, holds=True))
                return join(then, self.infer(node.otherwise, known | shown(node.test, holds=False)))
            case Filter():
                return self._filter(node, known)
            case Test():
                self._test(node, known)
                return BOOLEAN
            case _:
                assert_never(node)

    def _map(self, node: MapOf, known: Known) -> Type:
        keys = [self.infer(key, known) for key, _ in node.items]
        values = [self.infer(value, known) for _, value in node.items]
        names = [key.value for key, _ in node.items if isinstance(key, Constant) and isinstance(key.value, str)]
        if len(names) == len(keys):
            return Record("`{\N{HORIZONTAL ELLIPSIS}}`", dict(zip(names, values, strict=True)))
        return MapType(join_all(keys), join_all(values))

    def pattern(self, node: Expr) -> None:
        """Checks a regular expression, which must be a constant."""
        if not isinstance(node, Constant) or not isinstance(node.value, str):
            self.report("NS305", "`match` takes a constant pattern", node, "write the regular expression in quotes")
            return
        report_pattern(node.value, lambda start, end: self._expression.inside(node, start, end), self._findings)

    def condition(self, node: Expr, known: Known, what: str) -> None:
        """Demands a boolean: truthiness is a mistake."""
        if isinstance(node, Logic):
            self.condition(node.left, known, f"an operand of `{node.op}`")
            self.condition(node.right, known | shown(node.left, holds=node.op == "and"), f"an operand of `{node.op}`")
            return
        found = self.infer(node, known)
        bare = bare_type(found)
        if isinstance(bare, Boolean | Unknown):
            self._not_null(found, node)
        else:
            hint = (
                "compare it, as in `… | length > 0`"
                if isinstance(bare, ListType | MapType | Text)
                else "compare it with something"
            )
            self.report("NS502", f"{what} must be boolean, and this is {describe(bare)}", node, hint)

    def present(self, node: Expr, known: Known) -> Type:
        """The type of an operand that must not be null."""
        found = self.infer(node, known)
        self._not_null(found, node)
        return bare_type(found)

    def _not_null(self, found: Type, node: Expr) -> None:
        if isinstance(found, Maybe):
            path = path_of(node)
            guard = f"write `{path} | default(…)`, or ask `{path} is not none and …`" if path else "use `default(…)`"
            self.report("NS505", f"this may be null: {describe(found)}", node, guard)

    def _narrowed(self, node: Expr, found: Type, known: Known) -> Type:
        return bare_type(found) if isinstance(found, Maybe) and path_of(node) in known else found

    def _attribute(self, node: Attr, known: Known) -> Type:
        if isinstance(node.of, Name) and node.of.name == "steps" and self._scope.names.get("steps") == STEPS:
            return self._scope.step(node.name)
        return self.member(self.present(node.of, known), node.name, node)

    def member(self, of: Type, name: str, node: Expr) -> Type:
        """The type of an attribute; reported where there is none."""
        match of:
            case Unknown():
                return UNKNOWN
            case Record():
                if name not in of.fields:
                    hint = did_you_mean(name, of.fields, "it has")
                    if of.hint and not hint.startswith("did"):
                        hint = of.hint if not of.fields else f"{hint}; {of.hint}"
                    self.report("NS501", f"{of.what} has no `{name}`", node, hint)
                    return UNKNOWN
                return of.fields[name]
            case MapType() if may_equal(of.key, TEXT):
                return of.value
            case Text(meaning="host"):
                hint = "choose by facts in `inventory.select`; inside `do` they are `device.\N{HORIZONTAL ELLIPSIS}`"
                self.report("NS501", f"a device is its name here, and has no `{name}`", node, hint)
                return UNKNOWN
            case _:
                hint = f"its keys are {describe_many(of.key)}: write `[…]`" if isinstance(of, MapType) else ""
                self.report("NS501", f"{describe(of)} has no `{name}`", node, hint)
                return UNKNOWN

    def _item(self, node: Item, known: Known) -> Type:
        of, key = self.present(node.of, known), self.present(node.key, known)
        match of:
            case Record() if isinstance(node.key, Constant) and isinstance(node.key.value, str):
                return self.member(of, node.key.value, node)
            case MapType():
                if not may_equal(of.key, key):
                    self.report("NS503", f"the keys are {describe(of.key)}, and this is {describe(key)}", node.key)
                return of.value
            case ListType():
                if not isinstance(key, Number | Unknown):
                    self.report("NS504", f"an item of a list has a number, and this is {describe(key)}", node.key)
                return of.item
            case Steps():
                self.report("NS504", "a step is named as `steps.NAME`", node)
            case Unknown() | Record():
                pass
            case _:
                self.report("NS504", f"{describe(of)} has no items", node.of)
        return UNKNOWN

    def _logic(self, node: Logic, known: Known) -> Type:
        # Outside a condition the value is that of the deciding operand, as in Python: `inputs.a or "none"` is a text.
        left = self.infer(node.left, known)
        return join(left, self.infer(node.right, known | shown(node.left, holds=node.op == "and")))

    def _compare(self, node: Compare, known: Known) -> Type:
        left_node = node.first
        for operator, right_node in node.rest:
            if operator in {"==", "!="}:
                left, right = self.infer(left_node, known), self.infer(right_node, known)
                self.equality(left, right, right_node, holds=operator == "!=")
            elif operator in {"in", "not in"}:
                left, right = self.infer(left_node, known), self.present(right_node, known)
                self.membership(left, right, left_node, right_node)
            else:
                left, right = self.present(left_node, known), self.present(right_node, known)
                self._order(left, right, operator, right_node)
            left_node = right_node
        return BOOLEAN

    def equality(self, left: Type, right: Type, node: Expr, *, holds: bool = False) -> None:
        """Reports two values that are never equal."""
        if may_equal(left, right):
            return
        one, two = bare_type(left), bare_type(right)
        always = "always" if holds else "never"
        if isinstance(one, Text) and isinstance(two, Text) and one.values and two.values:
            allowed = one if len(one.values) >= len(two.values) else two
            said = ", ".join(sorted((two if allowed is one else one).values or ()))
            hint = did_you_mean(said, allowed.values or (), "it is one of")
            self.report("NS503", f"this is {always} true: the value is never `{said}`", node, hint)
            return
        hint = "`is none` asks for null" if isinstance(two, Null) else _one_type(one, two)
        self.report("NS503", f"this is {always} true: {describe(left)} is compared with {describe(right)}", node, hint)

    def membership(self, item: Type, container: Type, item_node: Expr, node: Expr) -> None:
        """Reports what can never be in a container."""
        match container:
            case ListType():
                inner: Type = container.item
            case MapType():
                inner = container.key
            case Text():
                inner = TEXT
                item = TEXT if isinstance(item, Text) else item
            case Record():
                inner = Text(frozenset(container.fields))
            case Unknown():
                return
            case _:
                self.report("NS504", f"nothing can be in {describe(container)}", node)
                return
        if not may_equal(bare_type(item), inner):
            of = "" if isinstance(container, Text) else f" of {describe_many(inner)}"
            message = f"{describe(item)} is never in {describe(container)}{of}"
            self.report("NS503", message, item_node, _one_type(bare_type(item), inner))

    def _order(self, left: Type, right: Type, operator: str, node: Expr) -> None:
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return
        ordered = (Number, Text, ListType)
        if type(left) is not type(right) or not isinstance(left, ordered):
            hint = _one_type(left, right) if {type(left), type(right)} == {Text, Number} else "compare two numbers"
            self.report("NS504", f"{describe(left)} `{operator}` {describe(right)} has no answer", node, hint)

    def _arith(self, node: Arith, known: Known) -> Type:
        left, right = self.present(node.left, known), self.present(node.right, known)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return UNKNOWN
        if isinstance(left, Number) and isinstance(right, Number):
            return INTEGER if left.integral and right.integral and node.operator != "/" else NUMBER
        if node.operator == "+" and type(left) is type(right) and isinstance(left, Text | ListType):
            return TEXT if isinstance(left, Text) else join(left, right)
        hint = "join texts with `~`" if isinstance(left, Text) or isinstance(right, Text) else "calculate with numbers"
        self.report(
            "NS504", f"{describe(left)} `{node.operator}` {describe(right)} cannot be calculated", node.right, hint
        )
        return UNKNOWN

    def _filter(self, node: Filter, known: Known) -> Type:
        of = self.infer(node.of, known) if node.name == "default" else self.present(node.of, known)
        args = [self.infer(arg, known) for arg in node.args]
        kwargs = {name: self.infer(value, known) for name, value in node.kwargs}
        return FilterTypes(self.report, self.pattern).result(self, node, of, args, kwargs)

    def _test(self, node: Test, known: Known) -> None:
        of = self.infer(node.of, known)
        args = [self.infer(arg, known) for arg in node.args]
        if node.name == "none" and not may_equal(of, NULL):
            self.report("NS503", f"this is never null: {describe(of)}", node, "leave the question out")
        FilterTypes(self.report, self.pattern).test(self, node.name, of, list(zip(node.args, args, strict=True)), node)


def _one_type(left: Type, right: Type) -> str:
    if {type(left), type(right)} == {Text, Number}:
        return "compare values of one type: `| int` makes a number of a text, as parsers and forms give it"
    return "compare values of one type"
