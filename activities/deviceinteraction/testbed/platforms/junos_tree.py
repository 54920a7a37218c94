"""Junos configurations as trees: setting, deleting, printing and comparing. Pure functions over `junos_schema`."""

from dataclasses import dataclass
from typing import Literal

from activities.deviceinteraction.testbed.platforms.junos_schema import SCHEMA, Node, Tree, quoted
from activities.deviceinteraction.testbed.tree import natural

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A statement that Junos refuses, and the index of the word where it does."""

    kind: Literal["syntax", "missing", "ambiguous", "range"]
    index: int
    text: str = ""


def resolve(words: list[str], base: Path = ()) -> list[Path] | Trouble:
    """The statements that words name, keywords written out; several leaves may follow one another in a box.

    Args:
        words: Without ``set`` or ``delete``.
        base: Where the edit level is.
    """
    node, path = at(base), base
    paths: list[Path] = []
    box: tuple[Node, Path] = (node, path)
    index = 0
    while index < len(words):
        word = words[index]
        match node.kind:
            case "box":
                box = (node, path)
                names = [name for name in node.children if name == word] or [
                    name for name in node.children if name.startswith(word)
                ]
                if len(names) != 1:
                    return Trouble("ambiguous" if names else "syntax", index)
                path, node = (*path, names[0]), node.children[names[0]]
                if node.kind == "flag":
                    paths.append(path)
                    node, path = box
            case "map" | "list":
                entry = node.named(word)
                if entry is None:
                    return Trouble("syntax", index)
                path, node = (*path, word), entry
            case "leaf" | "leaves":
                wrong = _wrong_value(node, word, index)
                if wrong is not None:
                    return wrong
                paths.append((*path, word))
                node, path = box
            case "flag":
                return Trouble("syntax", index)
        index += 1
    if node.kind in ("leaf", "leaves", "list") and path != base:
        return Trouble("missing", len(words))
    return paths if paths and path == box[1] else [*paths, path]


def _wrong_value(node: Node, word: str, index: int) -> Trouble | None:
    if node.values and word not in node.values:
        return Trouble("syntax", index)
    if node.bounds is not None:
        least, greatest = node.bounds
        if not word.isdigit():
            return Trouble("syntax", index)
        if not least <= int(word) <= greatest:
            return Trouble("range", index, f"error: Value {word} is not within range ({least}..{greatest})")
    return None


def at(path: Path) -> Node:
    """The place in the hierarchy that a path names; the last that is known, where it goes further."""
    node = SCHEMA
    for word in path:
        found = node.children.get(word) if node.kind == "box" else node.named(word)
        if found is None:
            return node
        node = found
    return node


def locate(words: list[str], base: Path = ()) -> Path | Trouble:
    """The one place that words name, which may stop anywhere, as ``delete``, ``edit`` and ``show`` take it."""
    node, path = at(base), base
    for index, word in enumerate(words):
        if node.kind == "box":
            names = [name for name in node.children if name == word] or [
                name for name in node.children if name.startswith(word)
            ]
            if len(names) != 1:
                return Trouble("ambiguous" if names else "syntax", index)
            path, node = (*path, names[0]), node.children[names[0]]
        elif node.kind in ("map", "list") and node.named(word) is not None:
            entry = node.named(word)
            assert entry is not None
            path, node = (*path, word), entry
        elif node.kind in ("leaf", "leaves"):
            path, node = (*path, word), Node("flag")
        else:
            return Trouble("syntax", index)
    return path


def put(tree: Tree, path: Path) -> None:
    """Set a statement; a leaf forgets its older value."""
    node: Node | None = SCHEMA
    for word in path:
        if node is not None and node.kind == "leaf":
            tree.clear()
        tree = tree.setdefault(word, {})
        if node is not None:
            node = node.children.get(word) if node.kind == "box" else node.named(word)


def remove(tree: Tree, path: Path) -> bool:
    """Delete a statement with all below it, and the boxes that it leaves empty; whether it was there."""
    below = dig(tree, path[:-1])
    if below is None or not path or path[-1] not in below:
        return False
    del below[path[-1]]
    for depth in range(len(path) - 1, 0, -1):
        inner = dig(tree, path[:depth])
        outer = dig(tree, path[: depth - 1])
        if inner or outer is None or at(path[: depth - 1]).kind in ("map", "list"):
            break
        del outer[path[depth - 1]]
    return True


def dig(tree: Tree, path: Path) -> Tree | None:
    """What is below a path; ``None`` where the path is not set."""
    for word in path:
        if word not in tree:
            return None
        tree = tree[word]
    return tree


def copy(tree: Tree) -> Tree:
    """A deep copy."""
    return {word: copy(below) for word, below in tree.items()}


def value(tree: Tree, *path: str) -> str | None:
    """The value of a leaf."""
    below = dig(tree, path)
    return next(iter(below), None) if below else None


def ordered(tree: Tree, node: Node = SCHEMA) -> list[tuple[str, Tree]]:
    """What is in a tree, in the order in which Junos prints it."""
    if node.kind == "box":
        return [(name, tree[name]) for name in node.children if name in tree]
    if node.kind == "map":
        return sorted(tree.items(), key=lambda item: natural(item[0]))
    return list(tree.items())


def braces(tree: Tree, node: Node = SCHEMA, indent: int = 0) -> list[str]:
    """A tree as Junos prints it."""
    pad = " " * indent
    lines: list[str] = []
    for name, below in ordered(tree, node):
        if node.kind == "map":
            entry = node.named(name) or Node("flag")
            lines += _block(pad, quoted(name), below, entry, indent)
            continue
        child = node.children[name]
        match child.kind:
            case "leaf":
                lines += [f"{pad}{name} {quoted(word)};" for word in below]
            case "leaves":
                words = [quoted(word) for word in below]
                shown = words[0] if len(words) == 1 else f"[ {' '.join(words)} ]"
                lines.append(f"{pad}{name} {shown};")
            case "list":
                for key, inner in below.items():
                    lines += _block(pad, f"{name} {quoted(key)}", inner, child.named(key) or Node("flag"), indent)
            case "flag" | "box" | "map":
                lines += _block(pad, name, below, child, indent)
    return lines


def _block(pad: str, head: str, below: Tree, node: Node, indent: int) -> list[str]:
    if not below:
        return [f"{pad}{head};"]
    return [f"{pad}{head} {{", *braces(below, node, indent + 4), f"{pad}}}"]


def set_lines(tree: Tree, node: Node = SCHEMA, prefix: str = "set") -> list[str]:
    """A tree as ``display set`` prints it."""
    lines: list[str] = []
    for name, below in ordered(tree, node):
        child = node.children.get(name) if node.kind == "box" else node.named(name)
        head = f"{prefix} {quoted(name)}"
        if not below:
            lines.append(head)
        elif child is None or child.kind in ("leaf", "leaves"):
            lines += [f"{head} {quoted(word)}" for word in below]
        else:
            lines += set_lines(below, child, head)
    return lines


def compare(old: Tree, new: Tree, node: Node = SCHEMA, path: Path = ()) -> list[str]:
    """What ``show | compare`` prints: hunks under ``[edit …]``, with ``-`` and ``+`` lines."""
    own: list[str] = []
    inner: list[str] = []
    for name, before, after in _pairs(old, new, node):
        child = node.children.get(name) if node.kind == "box" else node.named(name)
        if before == after or child is None:
            continue
        deeper = child.kind in ("box", "map", "list") and before is not None and after is not None
        if deeper:
            inner += compare(before or {}, after or {}, child, (*path, name))
            continue
        own += [f"-{line}" for line in _lines_of(name, before, node)]
        own += [f"+{line}" for line in _lines_of(name, after, node)]
    where = f"[edit {' '.join(quoted(word) for word in path)}]" if path else "[edit]"
    return [*([where, *own] if own else []), *inner]


def _pairs(old: Tree, new: Tree, node: Node) -> list[tuple[str, Tree | None, Tree | None]]:
    merged: Tree = {**old, **new}
    return [(name, old.get(name), new.get(name)) for name, _ in ordered(merged, node)]


def _lines_of(name: str, below: Tree | None, node: Node) -> list[str]:
    if below is None:
        return []
    # Inside a list ("unit 0"), the keyword is the list's own name, which the path above already shows.
    holder = Node("map", node.children, node.entry) if node.kind == "list" else node
    return [f"   {line}" for line in braces({name: below}, holder)]
