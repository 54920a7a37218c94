"""Walking the plan's expression trees: shared by the passes that judge names and by lowering."""

from collections.abc import Iterator
from typing import assert_never

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


def children(node: Expr) -> Iterator[Expr]:
    """The operands of a node, in the order of its text."""
    match node:
        case Constant() | Name():
            return
        case Attr() | Not() | Neg():
            yield node.of
        case Item():
            yield from (node.of, node.key)
        case ListOf():
            yield from node.items
        case MapOf():
            for pair in node.items:
                yield from pair
        case Logic() | Arith():
            yield from (node.left, node.right)
        case Compare():
            yield node.first
            yield from (operand for _, operand in node.rest)
        case Concat():
            yield from node.parts
        case Choose():
            yield from (node.then, node.test, node.otherwise)
        case Filter():
            yield from (node.of, *node.args, *(value for _, value in node.kwargs))
        case Test():
            yield from (node.of, *node.args)
        case _:
            assert_never(node)


def walk(node: Expr) -> Iterator[Expr]:
    """A node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def steps_named(node: Expr) -> Iterator[tuple[Attr, str]]:
    """Every ``steps.NAME`` of a tree: the node and the step's id."""
    for one in walk(node):
        if isinstance(one, Attr) and isinstance(one.of, Name) and one.of.name == "steps":
            yield one, one.name


def path_of(node: Expr) -> str | None:
    """The spelling of a chain of names, attributes and constant items; None for anything else."""
    match node:
        case Name():
            return node.name
        case Attr():
            of = path_of(node.of)
            return f"{of}.{node.name}" if of else None
        case Item():
            of, key = path_of(node.of), path_of(node.key)
            return f"{of}[{key}]" if of and key else None
        case Constant():
            return repr(node.value)
        case _:
            return None
