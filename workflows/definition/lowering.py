"""One expression: an allow-list that lowers Jinja2's tree to the plan's, and keeps the place of each node."""

from collections.abc import Mapping
from typing import Final, NamedTuple, NoReturn

from jinja2 import nodes

from workflows.definition.diagnostics import Findings, Span
from workflows.definition.nodes import Scalar
from workflows.definition.syntax import SyntaxMistake, parse, path_words
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
from workflows.vocabulary import FILTERS, TESTS, Signature

MAX_LENGTH: Final = 4000
MAX_DEPTH: Final = 60

_OPERATORS: Final = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in",
}  # fmt: skip
_ARITHMETIC: Final[dict[type[nodes.BinExpr], str]] = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/",
    nodes.FloorDiv: "//", nodes.Mod: "%", nodes.Pow: "**",
}  # fmt: skip
_ALLOWED: Final = "expressions hold literals, names, attributes, items, operators, the inline `if`, filters and tests"


class Place(NamedTuple):
    """Where a node of the tree stands: its whole text, and the word that an error about it points at.

    Offsets count from ``base``, where the expression begins in the text of its scalar.
    """

    node: Expr
    scalar: Scalar
    base: int
    start: int
    end: int
    focus: int
    focus_end: int

    def whole_span(self) -> Span:
        """The place of the node with all its operands."""
        return self.scalar.part(self.base + self.start, self.base + self.end)

    def focus_span(self) -> Span:
        """The place of the word that makes the node: a name, an attribute, a filter."""
        return self.scalar.part(self.base + self.focus, self.base + self.focus_end)


class Refused(Exception):
    """An expression that has no tree; the finding is recorded."""


class Lowering:
    """Lowers one expression; every node that it does not know is refused.

    The expression is the part of a scalar from ``start`` to ``end``; ``places`` gets each node's place by identity.
    """

    def __init__(self, scalar: Scalar, start: int, end: int, findings: Findings, places: dict[int, Place]) -> None:
        self._scalar, self._base, self._text = scalar, start, scalar.text[start:end]
        self._findings, self._places = findings, places
        self._ends: Mapping[int, int] = {}  # as in `Syntax`
        self._next: Mapping[int, int] = {}
        self._depth = 0

    def result(self) -> Expr:
        """The tree. Raises `Refused` where there is none."""
        text = self._text
        if not text.strip():
            self._refuse("NS301", "an empty expression", 0, len(text), "write an expression, or leave the key out")
        words = path_words(text)
        if words is not None and len(words) <= MAX_DEPTH:
            return self._path(words)
        try:
            syntax = parse(text)
        except SyntaxMistake as mistake:
            message = f"not a valid expression: {mistake}"
            self._refuse("NS301", message, mistake.start, mistake.end, _syntax_help(text))
        self._ends, self._next = syntax.ends, syntax.following
        return self._lower(syntax.tree)

    def _path(self, words: list[tuple[int, int]]) -> Expr:
        start, end = words[0]
        tree = self._name(self._text[start:end], start, end)
        for word, end in words[1:]:
            tree = self._member(tree, self._text[word:end], start, word, end)
        return tree

    def _name(self, name: str, start: int, end: int) -> Expr:
        self._check_word(name, start, end)
        return self._keep(Name(name=name), start, end, start, end)

    def _member(self, of: Expr, name: str, start: int, word: int, end: int) -> Expr:
        self._check_word(name, word, end)
        return self._keep(Attr(of=of, name=name), start, end, word, end)

    def _refuse(self, code: str, message: str, start: int, end: int, hint: str) -> NoReturn:
        self._findings.add(code, message, self._scalar.part(self._base + start, self._base + end), hint)
        raise Refused

    def _keep(self, tree: Expr, start: int, end: int, focus: int, focus_end: int) -> Expr:
        self._places[id(tree)] = Place(tree, self._scalar, self._base, start, end, focus, focus_end)
        return tree

    def _around(self, tree: Expr, first: Expr, last: Expr, start: int | None = None) -> Expr:
        begin = self._places[id(first)].start if start is None else start
        end = max(self._places[id(last)].end, begin + 1)
        return self._keep(tree, begin, end, begin, end)

    def _lower(self, node: nodes.Expr) -> Expr:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RecursionError
        try:
            return self._lower_known(node)
        finally:
            self._depth -= 1

    def _lower_known(self, node: nodes.Expr) -> Expr:  # noqa: C901, RET503 - one match over kinds; a refusal raises
        at = node.lineno
        end = self._ends.get(at, at + 1)
        match node:
            case nodes.Const():
                if isinstance(node.value, str) and not is_text(node.value):
                    self._refuse("NS301", "an escape that is half a character", at, end, "write the character itself")
                return self._keep(Constant(value=node.value), at, end, at, end)
            case nodes.Name():
                return self._name(node.name, at, end)
            case nodes.Getattr():
                return self._attribute(node)
            case nodes.Getitem():
                return self._item(node)
            case nodes.List():
                items = [self._lower(item) for item in node.items]
                last = self._places[id(items[-1])].end if items else end
                return self._keep(ListOf(items=tuple(items)), at, last + 1, at, last + 1)
            case nodes.Dict():
                pairs = [(self._lower(pair.key), self._lower(pair.value)) for pair in node.items]
                last = self._places[id(pairs[-1][1])].end if pairs else end
                return self._keep(MapOf(items=tuple(pairs)), at, last + 1, at, last + 1)
            case nodes.And() | nodes.Or():
                left, right = self._lower(node.left), self._lower(node.right)
                op = "and" if isinstance(node, nodes.And) else "or"
                return self._around(Logic(op=op, left=left, right=right), left, right)
            case nodes.Not():
                of = self._lower(node.node)
                return self._around(Not(of=of), of, of, min(at, self._places[id(of)].start))
            case nodes.Compare():
                first = self._lower(node.expr)
                rest = tuple((_OPERATORS[operand.op], self._lower(operand.expr)) for operand in node.ops)
                return self._around(Compare.model_validate({"first": first, "rest": rest}), first, rest[-1][1])
            case nodes.Neg() | nodes.Pos():
                of = self._lower(node.node)
                return self._around(Neg(op="neg" if isinstance(node, nodes.Neg) else "pos", of=of), of, of, at)
            case nodes.Concat():
                parts = tuple(self._lower(part) for part in node.nodes)
                return self._around(Concat(parts=parts), parts[0], parts[-1])
            case nodes.BinExpr() if type(node) in _ARITHMETIC:
                left, right = self._lower(node.left), self._lower(node.right)
                tree = Arith.model_validate({"operator": _ARITHMETIC[type(node)], "left": left, "right": right})
                return self._around(tree, left, right)
            case nodes.CondExpr():
                return self._choice(node)
            case nodes.Filter():
                return self._filter(node)
            case nodes.Test():
                return self._test(node)
            case nodes.Call():
                self._refuse("NS302", "a call", *self._extent(node.node), "expressions call nothing; use a filter")
            case nodes.Slice() | nodes.Tuple():
                self._refuse("NS302", f"a {type(node).__name__.lower()}", at, end, "lists are written `[a, b]`")
            case _:
                self._refuse("NS302", f"`{type(node).__name__}` is not part of the language", at, end, _ALLOWED)

    def _extent(self, node: nodes.Node) -> tuple[int, int]:
        return node.lineno, self._ends.get(node.lineno, node.lineno + 1)

    def _check_word(self, word: str, start: int, end: int) -> None:
        if word.startswith("_"):
            self._refuse("NS302", f"`{word}` begins with an underscore", start, end, "such names are never visible")

    def _attribute(self, node: nodes.Getattr) -> Expr:
        of = self._lower(node.node)
        word = self._next.get(node.lineno, node.lineno)
        end = self._ends.get(word, word + 1)
        return self._member(of, node.attr, self._places[id(of)].start, word, end)

    def _item(self, node: nodes.Getitem) -> Expr:
        if isinstance(node.arg, nodes.Slice | nodes.Tuple):
            self._refuse("NS302", "a slice", *self._extent(node), "use `first`, `last` or one item")
        of, key = self._lower(node.node), self._lower(node.arg)
        place = self._places[id(key)]
        return self._keep(Item(of=of, key=key), self._places[id(of)].start, place.end + 1, place.start, place.end)

    def _choice(self, node: nodes.CondExpr) -> Expr:
        if node.expr2 is None:
            self._refuse("NS302", "an inline `if` without `else`", *self._extent(node), "add `else …`")
        test, then, otherwise = self._lower(node.test), self._lower(node.expr1), self._lower(node.expr2)
        return self._around(Choose(test=test, then=then, otherwise=otherwise), then, otherwise)

    def _filter(self, node: nodes.Filter) -> Expr:
        at, end = self._extent(node)
        if node.node is None or node.name not in FILTERS:
            self._refuse(
                "NS303", f"there is no filter `{node.name}`", at, end, did_you_mean(node.name, FILTERS, "filters are")
            )
        of = self._lower(node.node)
        args, kwargs = self._arguments(node, FILTERS[node.name], at, end)
        tree = Filter(name=node.name, of=of, args=args, kwargs=kwargs)
        last = max(
            [end, *(self._places[id(arg)].end for arg in args), *(self._places[id(arg)].end for _, arg in kwargs)]
        )
        return self._keep(tree, self._places[id(of)].start, last, at, end)

    def _test(self, node: nodes.Test) -> Expr:
        at = self._next.get(node.lineno, node.lineno)
        if self._text[at : self._ends.get(at, at)] == "not":
            at = self._next.get(at, at)
        end = self._ends.get(at, at + 1)
        if node.name not in TESTS:
            self._refuse(
                "NS304", f"there is no test `{node.name}`", at, end, did_you_mean(node.name, TESTS, "tests are")
            )
        of = self._lower(node.node)
        args, kwargs = self._arguments(node, TESTS[node.name], at, end)
        if kwargs:
            self._refuse("NS305", "tests take no named arguments", at, end, "give it by position")
        return self._keep(Test(name=node.name, of=of, args=args), self._places[id(of)].start, end, at, end)

    def _arguments(
        self, node: nodes.Filter | nodes.Test, signature: Signature, at: int, end: int
    ) -> tuple[tuple[Expr, ...], tuple[tuple[str, Expr], ...]]:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            self._refuse("NS302", "unpacked arguments (`*`, `**`)", at, end, "write the arguments out")
        named = [pair.key for pair in node.kwargs]
        for name in named:
            if name not in signature.keywords or name in signature.params[: len(node.args)]:
                self._refuse(
                    "NS305", f"`{node.name}` takes no argument `{name}` here", at, end, _takes(node.name, signature)
                )
        missing = [name for name in signature.params[len(node.args) : signature.required] if name not in named]
        if missing or (len(node.args) > len(signature.params) and not signature.variadic):
            count = f"{len(node.args)} argument{'' if len(node.args) == 1 else 's'}"
            self._refuse("NS305", f"`{node.name}` with {count}", at, end, _takes(node.name, signature))
        args = tuple(self._lower(arg) for arg in node.args)
        return args, tuple((str(pair.key), self._lower(pair.value)) for pair in node.kwargs)


def is_text(value: str) -> bool:
    """Whether a text can be encoded: escapes can make halves of characters, which no plan and no device can hold."""
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def _takes(name: str, signature: Signature) -> str:
    named = [f"{word}=" for word in signature.keywords if word not in signature.params]
    words = [*signature.params, *(["…"] if signature.variadic else []), *named]
    return f"it is written `{name}({', '.join(words)})`" if words else f"`{name}` takes no arguments"


def _syntax_help(text: str) -> str:
    for wrong, right in (("&&", "and"), ("||", "or"), ("=>", ">="), ("=<", "<=")):
        if wrong in text:
            return f"write `{right}` for `{wrong}`"
    if "=" in text and not any(operator in text for operator in ("==", "!=", "<=", ">=")):
        return "write `==` to compare"
    if "!" in text.replace("!=", ""):
        return "write `not` for `!`"
    return "expressions are written as in Jinja2; texts stand in quotes"
