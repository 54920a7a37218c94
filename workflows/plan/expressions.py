"""Expression trees: what the compiler lowers expressions to, and all that the evaluator knows."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from workflows.plan.model import Model


class Constant(Model):
    """A constant of JSON."""

    op: Literal["lit"] = "lit"
    value: JsonValue


class Name(Model):
    """A name of the context: ``inputs``, ``device``, ``steps``, ``run``, ``inventory`` or an ``as`` name."""

    op: Literal["name"] = "name"
    name: str


class Attr(Model):
    """``of.name``; a missing attribute is an error."""

    op: Literal["attr"] = "attr"
    of: "Expr"
    name: str


class Item(Model):
    """``of[key]``; a missing item is an error."""

    op: Literal["item"] = "item"
    of: "Expr"
    key: "Expr"


class ListOf(Model):
    """A list."""

    op: Literal["list"] = "list"
    items: tuple["Expr", ...]


class MapOf(Model):
    """A map, in the order of its text."""

    op: Literal["map"] = "map"
    items: tuple[tuple["Expr", "Expr"], ...]


class Logic(Model):
    """``and`` and ``or``, as in Python: the value is that of the deciding operand."""

    op: Literal["and", "or"]
    left: "Expr"
    right: "Expr"


class Not(Model):
    """``not of``."""

    op: Literal["not"] = "not"
    of: "Expr"


class Compare(Model):
    """``first < second <= third``: a chain, as in Python."""

    op: Literal["cmp"] = "cmp"
    first: "Expr"
    rest: tuple[tuple[Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"], "Expr"], ...]


class Arith(Model):
    """Two numbers (or texts and lists, for ``+``)."""

    op: Literal["arith"] = "arith"
    operator: Literal["+", "-", "*", "/", "//", "%", "**"]
    left: "Expr"
    right: "Expr"


class Neg(Model):
    """``-of`` and ``+of``."""

    op: Literal["neg", "pos"]
    of: "Expr"


class Concat(Model):
    """``a ~ b``, and mixed text with ``${{ }}`` in it: each part as text, joined."""

    op: Literal["concat"] = "concat"
    parts: tuple["Expr", ...]


class Choose(Model):
    """``then if test else otherwise``."""

    op: Literal["if"] = "if"
    test: "Expr"
    then: "Expr"
    otherwise: "Expr"


class Filter(Model):
    """``of | name(args)``, one of the allowed filters."""

    op: Literal["filter"] = "filter"
    name: str
    of: "Expr"
    args: tuple["Expr", ...] = ()
    kwargs: tuple[tuple[str, "Expr"], ...] = ()


class Test(Model):
    """``of is name(args)``, one of the allowed tests."""

    __test__ = False  # not a case for pytest
    op: Literal["test"] = "test"
    name: str
    of: "Expr"
    args: tuple["Expr", ...] = ()


Expr = Annotated[
    Constant
    | Name
    | Attr
    | Item
    | ListOf
    | MapOf
    | Logic
    | Not
    | Compare
    | Arith
    | Neg
    | Concat
    | Choose
    | Filter
    | Test,
    Field(discriminator="op"),
]
