"""Expressions where they stand in a definition: bare, or in ``${{ }}`` inside a value.

What is between the braces is `lowering.py`'s. A tree of the plan has no places; `Expression` keeps them beside it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from workflows.definition.diagnostics import Findings, Span
from workflows.definition.lowering import MAX_LENGTH, Lowering, Place, Refused
from workflows.definition.nodes import Items, Node, Scalar
from workflows.plan import Attr, Concat, Constant, Expr, ListOf, MapOf, Name


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A tree of the plan with the places of its nodes, by their identity."""

    tree: Expr
    node: Node
    places: dict[int, Place] = field(default_factory=dict, repr=False)

    @property
    def span(self) -> Span:
        """The place of the value in which it stands."""
        return self.node.span

    @property
    def nodes(self) -> Iterator[Expr]:
        """Every node with a place, operands before what they make."""
        return (place.node for place in self.places.values())

    def whole(self, node: Expr) -> Span:
        """The place of a node with all its operands."""
        place = self.places.get(id(node))
        return place.whole_span() if place else self.span

    def focus(self, node: Expr) -> Span:
        """The place of the word that makes the node: a name, an attribute, a filter."""
        place = self.places.get(id(node))
        return place.focus_span() if place else self.span

    def inside(self, node: Constant, start: int, end: int) -> Span:
        """The place of a part of a constant text, characters from 0; all of it where escapes shift them."""
        place, text = self.places.get(id(node)), node.value
        if place is None or not isinstance(text, str):
            return self.focus(node)
        first = place.base + place.focus
        written = place.scalar.text[first : place.base + place.focus_end]
        if written[1:-1] != text:
            return place.focus_span()
        return place.scalar.part(first + 1 + start, first + 1 + end)


def parse_bare(scalar: Scalar, findings: Findings) -> Expression | None:
    """An expression that stands without braces, as in ``when`` and ``that``."""
    text = scalar.text
    if "${{" in text or text.lstrip().startswith("{{"):
        at = text.index("{{") - ("${{" in text)
        findings.add(
            "NS306",
            "braces around an expression that stands alone",
            scalar.part(at, at + 3),
            "write it without `${{ }}`",
        )
        return None
    places: dict[int, Place] = {}
    tree = _parse(scalar, 0, len(text), findings, places)
    return Expression(tree, scalar, places) if tree is not None else None


def fact(scalar: Scalar) -> Expression | None:
    """A fact of a device by its bare name, as ``platform`` for ``device.platform``; None for anything else."""
    text = scalar.text
    if not text.isidentifier() or text.startswith("_"):
        return None
    of = Name(name="device")
    tree = Attr(of=of, name=text)
    places = {id(node): Place(node, scalar, 0, 0, len(text), 0, len(text)) for node in (of, tree)}
    return Expression(tree, scalar, places)


def parse_value(node: Node, findings: Findings) -> Expression | None:
    """A value: constants, lists and maps of values, and text with ``${{ }}`` in it.

    A text that is one whole ``${{ }}`` keeps the type of its expression; mixed text is a string.
    """
    places: dict[int, Place] = {}
    try:
        tree = _value(node, findings, places)
    except Refused:
        return None
    return Expression(tree, node, places)


def _value(node: Node, findings: Findings, places: dict[int, Place]) -> Expr:
    if isinstance(node, Scalar):
        return (
            _text(node, findings, places)
            if isinstance(node.value, str)
            else _placed(Constant(value=node.value), node, places)
        )
    if isinstance(node, Items):
        return ListOf(items=tuple(_values(node.items, findings, places)))
    values = _values([value for _, value in node.entries], findings, places)
    keys = (Constant(value=key.text) for key, _ in node.entries)
    return MapOf(items=tuple(zip(keys, values, strict=True)))


def _values(nodes: Iterable[Node], findings: Findings, places: dict[int, Place]) -> list[Expr]:
    """All of them, so that each mistake is found, or none."""
    found: list[Expr] = []
    broken = False
    for node in nodes:
        try:
            found.append(_value(node, findings, places))
        except Refused:
            broken = True
    if broken:
        raise Refused
    return found


def _placed(tree: Expr, scalar: Scalar, places: dict[int, Place]) -> Expr:
    places[id(tree)] = Place(tree, scalar, 0, 0, len(scalar.text), 0, len(scalar.text))
    return tree


def _text(scalar: Scalar, findings: Findings, places: dict[int, Place]) -> Expr:
    text, at = scalar.text, 0
    parts: list[Expr] = []
    while (start := text.find("${{", at)) >= 0:
        end = _closing(text, start + 3)
        if end is None:
            findings.add(
                "NS306", "`${{` without its `}}`", scalar.part(start, start + 3), "close the expression with `}}`"
            )
            raise Refused
        if start > at:
            parts.append(Constant(value=text[at:start]))
        tree = _parse(scalar, start + 3, end, findings, places)
        if tree is None:
            raise Refused
        parts.append(tree)
        at = end + 2
    stray = text.find("{{", at)
    if stray >= 0:
        findings.add(
            "NS306", "`{{` is for device templates", scalar.part(stray, stray + 2), "write `${{ … }}` for an expression"
        )
        raise Refused
    if not parts:
        return _placed(Constant(value=text), scalar, places)
    if at < len(text):
        parts.append(Constant(value=text[at:]))
    if len(parts) == 1:
        return parts[0]
    return _placed(Concat(parts=tuple(parts)), scalar, places)


def _closing(text: str, at: int) -> int | None:
    """Where the ``}}`` of an expression stands, strings and maps within it skipped."""
    quote, depth = "", 0
    while at < len(text):
        char = text[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "{[(":
            depth += 1
        elif depth == 0 and text.startswith("}}", at):
            return at
        elif char in "}])":
            depth -= 1
        at += 1
    return None


def _parse(scalar: Scalar, start: int, end: int, findings: Findings, places: dict[int, Place]) -> Expr | None:
    if end - start > MAX_LENGTH:
        findings.add("NS302", f"an expression of more than {MAX_LENGTH} characters", scalar.span, "split it")
        return None
    try:
        return Lowering(scalar, start, end, findings, places).result()
    except Refused:
        return None
    except RecursionError:
        findings.add("NS302", "the expression is nested too deeply", scalar.part(start, end), "split it")
        return None
