"""Small questions about the plan's expression trees, shared by the passes and by lowering."""

from collections.abc import Iterable, Iterator

from workflows.plan import Attr, Constant, Expr, Item, Name


def steps_named(nodes: Iterable[Expr]) -> Iterator[tuple[Attr, str]]:
    """Every ``steps.NAME`` among some nodes: the node and the step's id."""
    for node in nodes:
        if isinstance(node, Attr) and isinstance(node.of, Name) and node.of.name == "steps":
            yield node, node.name


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
