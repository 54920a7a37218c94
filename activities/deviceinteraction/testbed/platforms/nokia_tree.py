"""Nokia's configurations as trees: typed in words, printed in braces, flat and as differences.

SR Linux and the MD-CLI of SR OS are both driven by a data model (RFC 7950), and so is this: what the schema does not
name is refused. They differ in how they print, which `Style` says. Pure functions; no device stands here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

from activities.deviceinteraction.testbed.tree import natural

Tree = dict[str, "Tree"]
Path = tuple[str, ...]

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\[|\]|[^\s\[\]]+')
_PLAIN = re.compile(r"[\w./:@+$*=-]+")


@dataclass(frozen=True, slots=True)
class Node:
    """One place in a data model.

    Attributes:
        kind: ``leaves`` is a leaf-list, ``flag`` a leaf without a value.
        children: What a container, or each entry of a list, holds.
        values: The only words that a leaf takes.
        bounds: The least and the greatest number that a leaf takes.
        text: Whether the value or key is a string, which SR OS prints in quotes.
    """

    kind: Literal["container", "list", "leaf", "leaves", "flag"]
    children: Mapping[str, "Node"] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    text: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """How a system prints.

    Attributes:
        quotes: ``strings`` are always in quotes, or values ``when_needed``.
        leaves: A leaf-list on one line or with a line for each value.
        empty: What closes an entry that holds nothing on its own line, or ``None`` where that is a line below.
        flat: What stands before each flat line.
    """

    quotes: Literal["strings", "when_needed"]
    leaves: Literal["one_line", "lines"]
    empty: str | None
    flat: str

    def quoted(self, word: str, node: Node) -> str:
        """A value or a key as it is printed."""
        bare = not node.text if self.quotes == "strings" else _PLAIN.fullmatch(word) is not None
        return word if bare and word else f'"{word}"'


@dataclass(frozen=True, slots=True)
class Trouble:
    """Words that are refused, and the index of the one where that became clear."""

    kind: Literal["unknown", "missing", "value"]
    index: int
    word: str = ""


def container(**children: Node) -> Node:
    """A container; underscores in names stand for dashes."""
    return Node("container", _named(children))


def entries(*, text: bool = False, **children: Node) -> Node:
    """A list with one key."""
    return Node("list", _named(children), text=text)


def number(least: int, greatest: int) -> Node:
    """A leaf with a number."""
    return Node("leaf", bounds=(least, greatest))


def one_of(*values: str) -> Node:
    """A leaf with one of these words."""
    return Node("leaf", values=values)


LEAF, STRING, FLAG = Node("leaf"), Node("leaf", text=True), Node("flag")
LEAVES, STRINGS = Node("leaves"), Node("leaves", text=True)


def _named(children: Mapping[str, Node]) -> Mapping[str, Node]:
    return {name.rstrip("_").replace("_", "-"): node for name, node in children.items()}


def words(line: str) -> list[str]:
    """The words of a line; one in quotes is one word, without them. Brackets are words."""
    return [word[1:-1] if word.startswith('"') else word for word in _WORD.findall(line)]


def resolve(typed: list[str], schema: Node, base: Path = ()) -> tuple[list[Path], Path] | Trouble:
    """The statements that words make, and the place where they end: where a command line then stands.

    Args:
        typed: As from `words`.
        schema: The model.
        base: Where the words begin.
    """
    here, place = at(schema, base), base
    made: list[Path] = []
    index = 0
    while index < len(typed):
        child = here.children.get(typed[index])
        if child is None:
            return Trouble("unknown", index, typed[index])
        taken = _taken(child, typed, index)
        if isinstance(taken, Trouble):
            return taken
        name = typed[index]
        values, index = taken
        match child.kind:
            case "container":
                here, place = child, (*place, name)
            case "list":
                here, place = child, (*place, name, values[0])
                made.append(place)
            case "leaf" | "leaves":
                made += [(*place, name, value) for value in values]
            case "flag":
                made.append((*place, name))
    return made, place


def _taken(child: Node, typed: list[str], index: int) -> tuple[list[str], int] | Trouble:
    """The values that a child takes from the words, and the index behind them."""
    if child.kind in ("container", "flag"):
        return [], index + 1
    if index + 1 >= len(typed):
        return Trouble("missing", index, typed[index])
    if typed[index + 1] == "[" and child.kind == "leaves":
        end = typed.index("]", index) if "]" in typed[index:] else len(typed)
        return typed[index + 2 : end], end + 1
    value = typed[index + 1]
    if child.values and value not in child.values:
        return Trouble("value", index + 1, value)
    if child.bounds is not None and not (value.isdigit() and child.bounds[0] <= int(value) <= child.bounds[1]):
        return Trouble("value", index + 1, value)
    return [value], index + 2


def locate(typed: list[str], schema: Node, base: Path = ()) -> Path | Trouble:
    """The one place that words name, as what is deleted or shown is named: a leaf without its value."""
    here, place = at(schema, base), base
    index = 0
    while index < len(typed):
        child = here.children.get(typed[index])
        if child is None:
            return Trouble("unknown", index, typed[index])
        place = (*place, typed[index])
        index += 1
        if child.kind == "list":
            if index >= len(typed):
                return Trouble("missing", index - 1, typed[index - 1])
            place = (*place, typed[index])
            index += 1
        elif child.kind == "leaves" and index < len(typed):
            place = (*place, typed[index])
            index += 1
        here = child
    return place


def at(schema: Node, path: Path) -> Node:
    """The node that a path names."""
    here, skip = schema, False
    for word in path:
        if skip:
            skip = False
            continue
        here = here.children[word]
        skip = here.kind == "list"
    return here


def put(tree: Tree, path: Path, schema: Node) -> None:
    """Set a statement; a leaf forgets its older value."""
    here, is_key = schema, False
    for word in path:
        if here.kind == "leaf":
            tree.clear()
        tree = tree.setdefault(word, {})
        if is_key or here.kind in ("leaf", "leaves"):
            is_key = False
            continue
        here = here.children[word]
        is_key = here.kind == "list"


def remove(tree: Tree, path: Path) -> bool:
    """Delete a place with all beneath it, and what holds nothing any more; whether it was there."""
    above = dig(tree, path[:-1])
    if above is None or not path or path[-1] not in above:
        return False
    del above[path[-1]]
    return True


def pruned(tree: Tree, node: Node) -> Tree:
    """A copy without what holds nothing, as it is not there by itself; of a leaf the last value counts."""
    kept: Tree = {}
    for name, child in node.children.items():
        if name not in tree:
            continue
        match child.kind:
            case "container":
                inner = pruned(tree[name], child)
            case "list":
                inner = {key: pruned(below, child) for key, below in tree[name].items()}
            case "leaf":
                inner = dict(list(tree[name].items())[-1:])
            case "leaves" | "flag":
                inner = dict(tree[name])
            case _:
                assert_never(child.kind)
        if inner or child.kind == "flag":
            kept[name] = inner
    return kept


def dig(tree: Tree, path: Path) -> Tree | None:
    """What is beneath a path; ``None`` where it is not there."""
    for word in path:
        if word not in tree:
            return None
        tree = tree[word]
    return tree


def value(tree: Tree, *path: str) -> str | None:
    """The value of a leaf."""
    below = dig(tree, path)
    return next(iter(below), None) if below else None


def braces(tree: Tree, node: Node, style: Style, depth: int = 0) -> list[str]:
    """A tree as it is shown, each level indented by four."""
    pad = "    " * depth
    lines: list[str] = []
    for name, child, below in _inside(tree, node):
        match child.kind:
            case "container":
                lines += [f"{pad}{name} {{", *braces(below, child, style, depth + 1), f"{pad}}}"]
            case "list":
                for key in sorted(below, key=natural):
                    head = f"{pad}{name} {style.quoted(key, child)} {{"
                    if not below[key] and style.empty is not None:
                        lines.append(head + style.empty)
                        continue
                    lines += [head, *braces(below[key], child, style, depth + 1), f"{pad}}}"]
            case "leaf":
                lines += [f"{pad}{name} {style.quoted(word, child)}" for word in below]
            case "leaves" if style.leaves == "lines":
                inner = [f"{pad}    {style.quoted(word, child)}" for word in below]
                lines += [f"{pad}{name} [", *inner, f"{pad}]"]
            case "leaves":
                lines.append(f"{pad}{name} [{' '.join(style.quoted(word, child) for word in below)}]")
            case "flag":
                lines.append(f"{pad}{name}")
    return lines


def flat(tree: Tree, node: Node, style: Style, prefix: str | None = None) -> list[str]:
    """A tree with the whole path on each line."""
    start = style.flat if prefix is None else prefix
    lines: list[str] = []
    for name, child, below in _inside(tree, node):
        head = f"{start} {name}"
        match child.kind:
            case "container":
                lines += flat(below, child, style, head)
            case "list":
                for key in sorted(below, key=natural):
                    entry = f"{head} {style.quoted(key, child)}"
                    lines += flat(below[key], child, style, entry) or [entry]
            case "leaf":
                lines += [f"{head} {style.quoted(word, child)}" for word in below]
            case "leaves":
                inner = " ".join(style.quoted(word, child) for word in below)
                lines.append(f"{head} [ {inner} ]" if style.leaves == "lines" else f"{head} [{inner}]")
            case "flag":
                lines.append(head)
    return lines


def compare(old: Tree, new: Tree, node: Node, style: Style, depth: int = 0) -> list[str]:
    """What differs, with the blocks around it: a sign in front, then the lines as `braces` prints them."""
    lines: list[str] = []
    pad = "    " * (depth + 1)
    for name, child in node.children.items():
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if child.kind == "container" and before is not None and after is not None:
            lines += [f"{pad}{name} {{", *compare(before, after, child, style, depth + 1), f"{pad}}}"]
        elif child.kind == "list":
            for key in sorted({**(before or {}), **(after or {})}, key=natural):
                was, is_ = (before or {}).get(key), (after or {}).get(key)
                if was is not None and is_ is not None and was != is_:
                    head = f"{pad}{name} {style.quoted(key, child)} {{"
                    lines += [head, *compare(was, is_, child, style, depth + 1), f"{pad}}}"]
                elif was != is_:
                    only = Node("container", {name: child})
                    lines += _signed("-", {name: {key: was}} if was is not None else {}, only, style, depth)
                    lines += _signed("+", {name: {key: is_}} if is_ is not None else {}, only, style, depth)
        else:
            only = Node("container", {name: child})
            lines += _signed("-", {} if before is None else {name: before}, only, style, depth)
            lines += _signed("+", {} if after is None else {name: after}, only, style, depth)
    return lines


def _signed(sign: str, tree: Tree, node: Node, style: Style, depth: int) -> list[str]:
    return [f"{sign}   {line}" for line in braces(tree, node, style, depth)]


def _inside(tree: Tree, node: Node) -> list[tuple[str, Node, Tree]]:
    return [(name, child, tree[name]) for name, child in node.children.items() if name in tree]
