"""The first half of `netsaga fmt`: keys in canonical order, each with the comments that belong to it.

It moves whole pieces of the text and rewrites none of them. Comments above a key and behind its value go with it;
comments that are indented deeper than the key below them stay with what stands above.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workflows.definition.language import Part, keys_of
from workflows.definition.nodes import Fields, Items, Node, Scalar, Text


def ordered(source: Text, root: Node, part: Part) -> str:
    """The text with the keys of all maps that are parts in their canonical order.

    Args:
        source: The text; it ends with a line break.
        root: What the reader made of it.
        part: What the models made of the same data.
    """
    return _Ordering(source).rewritten(root, part, 0, len(source.text))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One key with all that moves with it, as slices of the text."""

    key: Scalar
    value: Node
    lead: int  # where the comments above it begin
    end: int  # behind the line on which its value ends


class _Ordering:
    """Walks nodes and parts side by side; every method returns the text for a slice."""

    def __init__(self, source: Text) -> None:
        self._source = source
        self._text = source.text

    def rewritten(self, node: Node, value: object, start: int, end: int) -> str:
        """The slice from ``start`` to ``end``, which holds one node and what stands around it."""
        if isinstance(node, Scalar):
            return self._text[start:end]
        if isinstance(node, Fields) and node.entries and not self._is_flow(node):
            return self._block(node, value, start, end)
        on_one_line = "\n" not in self._text[self._start(node) : self._end(node)]
        if isinstance(node, Fields) and isinstance(value, Part) and on_one_line:
            return self._flow(node, value, start, end)
        out, at = [], start
        for child, held in _children(node, value):
            first, last = self._start(child), self._end(child)
            if isinstance(child, Fields) and not self._is_flow(child):  # with the dash, and to the end of the line
                first, last = max(at, self._text.rfind("\n", 0, first) + 1), self._line_end(last)
            out += [self._text[at:first], self.rewritten(child, held, first, last)]
            at = last
        return "".join(out) + self._text[at:end]

    def _block(self, node: Fields, value: object, start: int, end: int) -> str:
        entries = self._entries(node)
        held = _values(value)
        texts = {
            one.key.text: self.rewritten(one.value, held.get(one.key.text), one.key.start, one.end) for one in entries
        }
        wanted = _in_order(entries, value)
        if wanted == entries:
            slices = [(self._text[one.lead : one.key.start], texts[one.key.text]) for one in entries]
            body = "".join(lead + text for lead, text in slices)
            return self._text[start : entries[0].lead] + body + self._text[entries[-1].end : end]
        column = entries[0].key.span.column - 1
        out = self._text[start : entries[0].key.start]
        for number, one in enumerate(wanted):
            lead = self._text[one.lead : one.key.start].rstrip(" ") if one is not entries[0] else ""
            if number == 0:
                out = _above(out, lead)
            else:
                out += lead + " " * column
            out += texts[one.key.text]
        return out + self._text[entries[-1].end : end]

    def _entries(self, node: Fields) -> list[_Entry]:
        found: list[_Entry] = []
        for key, value in node.entries:
            lead = key.start if not found else found[-1].end
            if found:  # what is indented deeper than this key stays with the entry above
                column = key.span.column - 1
                while (line := self._text[lead : self._line_end(lead)]).lstrip(" ").startswith("#"):
                    if len(line) - len(line.lstrip(" ")) <= column:
                        break
                    lead += len(line)
                found[-1] = _Entry(found[-1].key, found[-1].value, found[-1].lead, lead)
            found.append(_Entry(key, value, lead, self._line_end(max(self._end(value), key.end))))
        return found

    def _flow(self, node: Fields, value: Part, start: int, end: int) -> str:
        held = _values(value)
        entries = [_Entry(key, one, key.start, max(self._end(one), key.end)) for key, one in node.entries]
        texts = {
            one.key.text: self.rewritten(one.value, held.get(one.key.text), one.key.start, one.end) for one in entries
        }
        gaps = [self._text[one.end : after.key.start] for one, after in pairwise(entries)]
        out = self._text[start : entries[0].key.start] if entries else ""
        for one, gap in zip(_in_order(entries, value), [*gaps, ""], strict=True):
            out += texts[one.key.text] + gap
        return out + self._text[entries[-1].end if entries else start : end]

    def _is_flow(self, node: Fields | Items) -> bool:
        return self._text[self._offset(node)] in "{["

    def _offset(self, node: Fields | Items) -> int:
        return self._source.starts[node.span.line - 1] + node.span.column - 1

    def _start(self, node: Node) -> int:
        if isinstance(node, Scalar):
            return node.start
        if isinstance(node, Fields) and node.entries and not self._is_flow(node):
            return node.entries[0][0].start
        return self._offset(node)

    def _end(self, node: Node) -> int:
        """Behind a node's last character. A block collection ends where its last child does."""
        if isinstance(node, Scalar):
            return node.start + len(self._text[node.start : node.end].rstrip())
        below = [value for _, value in node.entries] if isinstance(node, Fields) else list(node.items)
        if not below or self._is_flow(node):
            return self._source.starts[node.span.end_line - 1] + node.span.end_column - 1
        last = self._end(below[-1])
        return max(last, node.entries[-1][0].end) if isinstance(node, Fields) else last

    def _line_end(self, at: int) -> int:
        """Behind the line break of the line on which ``at`` stands."""
        return self._text.find("\n", at) + 1 or len(self._text)


def _in_order(entries: list[_Entry], value: object) -> list[_Entry]:
    if not isinstance(value, Part):
        return entries
    place = {name: number for number, name in enumerate(keys_of(type(value)))}
    return sorted(entries, key=lambda one: place[one.key.text])


def _above(text: str, lead: str) -> str:
    """Text that ends with the dash of an item, with the comments of its new first key above the dash."""
    if not lead.strip():
        return text
    line = text.rfind("\n") + 1
    return text[:line] + lead.lstrip("\n") + text[line:]


def _values(value: object) -> Mapping[str, object]:
    if isinstance(value, Part):
        return {info.alias or name: getattr(value, name) for name, info in type(value).model_fields.items()}
    return value if isinstance(value, Mapping) else {}


def _children(node: Items | Fields, value: object) -> Iterator[tuple[Node, object]]:
    if isinstance(node, Fields):
        held = _values(value)
        yield from ((one, held.get(key.text)) for key, one in node.entries)
    else:
        many = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
        yield from zip(node.items, (*many, *[None] * len(node.items)), strict=False)
