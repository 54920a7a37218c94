"""Indented configurations (IOS-XE, NX-OS, EOS) as trees: reading one, and predicting what lines would make of it.

Why a model of our own and not hier-config: the footprint needs every line with its parents, lists of VLANs on trunks
must be compared member by member (or the inverse of "add 120" would throw out what a colleague added since), and the
prediction must be the exact configuration that is read back, or refuse to pass. That is small, and is tested against
devices; hier-config's remediation answers another question (two intended configurations, not lines to be typed).

Text and trees only; nothing here talks to a device.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from activities.deviceinteraction.config import dialect
from activities.deviceinteraction.config.footprint import Path


class Tree(dict[str, "Tree"]):
    """A block of configuration: its lines in order, each with the block beneath it."""

    def copied(self) -> "Tree":
        """A deep copy."""
        fresh = Tree()
        for text, child in self.items():
            fresh[text] = child.copied()
        return fresh

    def paths(self, above: Path = ()) -> Iterator[Path]:
        """Every line with its parents, top down."""
        for text, child in self.items():
            path = (*above, text)
            yield path
            yield from child.paths(path)


def read(text: str) -> Tree:
    """The tree of a running configuration; comments, blank lines and lines that state a default are left out."""
    root = Tree()
    stack: list[tuple[int, str, list[Tree]]] = [(-1, "", [root])]
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] == "!" or line == "end":
            continue
        indent = len(raw) - len(raw.lstrip())
        while stack[-1][0] >= indent:
            stack.pop()
        _, parent, trees = stack[-1]
        if dialect.is_default(parent, line):
            continue
        stack.append((indent, line, [tree for above in trees for tree in _add(above, parent, line)]))
    return root


def predict(now: Tree, lines: Sequence[str]) -> Tree:
    """The configuration that a device would have after these lines, sent in this order from its top level.

    Indentation says what belongs to what; in a flat list, the usual lines of a VLAN or an interface belong to the
    one above them. The argument is left as it is.
    """
    future = now.copied()
    for _ in _typing(future, lines):
        pass
    return future


def stages(now: Tree, lines: Sequence[str]) -> Iterator[tuple[list[Path], list[Path]]]:
    """What a device goes through while these lines are typed: for each line the blocks it works in, before and after.

    ``exit`` does nothing and does not count, here as in `rest`.
    """
    future = now.copied()
    known = {text: [(text,), *block.paths((text,))] for text, block in future.items()}
    for typed_in in _typing(future, lines):
        touched = dict.fromkeys((*typed_in, *sorted(known.keys() ^ future.keys())))
        before = [path for text in touched for path in known.pop(text, [])]
        known |= {text: [(text,), *future[text].paths((text,))] for text in touched if text in future}
        yield before, [path for text in touched for path in known.get(text, [])]


def rest(lines: Sequence[str], done: int) -> tuple[str, ...]:
    """What is still to be typed when the first lines hold, in the form of `as_sent`.

    Args:
        lines: The whole change.
        done: How many lines hold. Those of them that open a block for a later line are typed again, as its context.
    """
    left = iter(range(sum(1 for _ in _flat(structure(lines)))))

    def kept(typed: Typed) -> Typed | None:
        number = next(left)
        inside = [child for child in map(kept, typed.inside) if child is not None]
        return Typed(typed.line, inside) if inside or number >= done else None

    again = [typed for typed in map(kept, structure(lines)) if typed is not None]
    return tuple(text for typed in again for text in _typed_out(typed, dialect.opens_block(typed.line)))


@dataclass(slots=True)
class Typed:
    """A line as typed, with the lines that are typed in the mode it opens."""

    line: str
    inside: list["Typed"] = field(default_factory=list)


def structure(lines: Sequence[str]) -> list[Typed]:
    """Lines as typed, with what belongs to what. ``exit`` closes a block."""
    root = Typed("")
    stack: list[tuple[int, Typed]] = [(-1, root)]
    for raw in lines:
        indent, line = len(raw) - len(raw.lstrip()), raw.strip()
        if line == "exit":
            if len(stack) > 1:
                stack.pop()
            continue
        flat = len(stack) == 2 and stack[1][0] == indent and dialect.belongs_inside(stack[1][1].line, line)
        while not flat and len(stack) > 1 and stack[-1][0] >= indent:
            stack.pop()
        typed = Typed(line)
        stack[-1][1].inside.append(typed)
        if not flat:
            stack.append((indent, typed))
    return root.inside


def as_sent(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines in the order and form in which they are typed: each block is left by ``exit`` before the next.

    Without it a line meant for the top level is read in the sub-mode first, and some mean something else there.
    """
    return tuple(text for typed in structure(lines) for text in _typed_out(typed, dialect.opens_block(typed.line)))


def _typed_out(typed: Typed, opens: bool) -> list[str]:
    inside = [text for child in typed.inside for text in _typed_out(child, opens=False)]
    return [typed.line, *inside, *(["exit"] if inside or opens else [])]


def _typing(future: Tree, lines: Sequence[str]) -> Iterator[list[str]]:
    """Do to a configuration what the lines do, one at each step; yields the blocks in which it was typed."""
    for typed in structure(lines):
        texts = dialect.expand_vlans(dialect.canonical(typed.line, frozenset(future)))
        for text in texts:
            _run(future, "", text)
        yield texts
        for _ in _inside([(future, text) for text in texts], typed.inside):
            yield texts


def _inside(blocks: Sequence[tuple[Tree, str]], inside: Sequence[Typed]) -> Iterator[None]:
    """The lines of a block; of several blocks at once where one line opened them all, as ``vlan 10,20`` does."""
    for typed in inside:
        opened = [(tree[header], header) for tree, header in blocks if header in tree]
        for block, header in opened:
            _run(block, header, typed.line)
        yield
        yield from _inside([(block, typed.line) for block, _ in opened], typed.inside)


def _flat(typed: Sequence[Typed]) -> Iterator[Typed]:
    for one in typed:
        yield one
        yield from _flat(one.inside)


def _add(tree: Tree, parent: str, line: str) -> list[Tree]:
    """Put a line of a running configuration into a tree and return the blocks that lines beneath it belong to."""
    if line.startswith(dialect.TRUNK):
        _trunk(tree, line)
        return [Tree()]
    expanded = dialect.expand_vlans(line) if not parent else [line]
    return [tree.setdefault(text, Tree()) for text in expanded]


def _run(tree: Tree, parent: str, line: str) -> None:
    """Do to a block what the device does when this line is typed in it."""
    if line.startswith((dialect.TRUNK, f"no {dialect.TRUNK}")):
        _trunk(tree, line)
    elif line.startswith("no "):
        _negate(tree, parent, line)
    else:
        key = dialect.single_key(parent, line)
        if key is not None:
            for text in [text for text in tree if text != line and dialect.single_key(parent, text) == key]:
                del tree[text]
        tree.pop(f"no {line}", None)
        if dialect.is_default(parent, line):
            tree.pop(line, None)
        else:
            tree.setdefault(line, Tree())


def _negate(tree: Tree, parent: str, line: str) -> None:
    bare = line.removeprefix("no ")
    key = dialect.single_key(parent, bare)
    doomed = [text for text in tree if text == bare or text.startswith(f"{bare} ")]
    if key is not None:
        doomed.extend(text for text in tree if text not in doomed and dialect.single_key(parent, text) == key)
    for text in doomed:
        del tree[text]
    if not doomed and dialect.may_be_a_switch(parent, bare):
        tree.setdefault(line, Tree())


def _trunk(tree: Tree, line: str) -> None:
    """Keep the list of allowed VLANs as one entry for each, beside an entry that says there is a list."""
    words = line.removeprefix("no ").removeprefix(dialect.TRUNK).split()
    held = allowed(tree)
    match words:
        case ["add", *rest]:
            kept = None if held is None else held | set(dialect.numbers("".join(rest)))
        case ["remove", *rest]:
            kept = (set(range(1, 4095)) if held is None else held) - set(dialect.numbers("".join(rest)))
        case ["except", *rest]:
            kept = set(range(1, 4095)) - set(dialect.numbers("".join(rest)))
        case ["none"]:
            kept = set()
        case ["all"] | []:
            kept = None
        case rest:
            kept = set(dialect.numbers("".join(rest)))
    if line.startswith("no ") or (kept is not None and len(kept) >= 4094):
        kept = None
    for text in [text for text in tree if text.startswith(dialect.TRUNK)]:
        del tree[text]
    if kept is not None:
        tree[dialect.TRUNK_LIST] = Tree()
        for number in sorted(kept):
            tree[f"{dialect.TRUNK} add {number}"] = Tree()


def allowed(block: Iterable[str]) -> set[int] | None:
    """The VLANs on an interface's list; ``None`` where it has none and so carries all."""
    lines = set(block)
    if dialect.TRUNK_LIST not in lines:
        return None
    prefix = f"{dialect.TRUNK} add "
    return {int(line.removeprefix(prefix)) for line in lines if line.startswith(prefix)}
