"""First pass: text to nodes with places, as YAML 1.2 core, with everything refused that tools would disagree about.

PyYAML's events only (its C parser where there is one): its constructors and its YAML 1.1 types are not used. Keys are
exempt from the rule about plain words, since a key is always text here: `retry: {on: [transient]}` means the word.
"""

import re
from collections.abc import Iterator
from typing import Final, NoReturn, Protocol

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from workflows.definition.diagnostics import Findings, Span
from workflows.definition.nodes import Fields, Items, Node, Scalar, Text
from workflows.definition.scalars import doubt, resolve

MAX_BYTES: Final = 1024 * 1024
MAX_LEVELS: Final = 50
MAX_NODES: Final = 100_000  # keys and values; a thousand steps have half of that

_LOADER: Final = yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader
_LEADING_TAB: Final = re.compile(r"^[ ]*\t", re.MULTILINE)
_NOT_TEXT: Final = re.compile("[\ud800-\udfff]")  # how `surrogateescape` hands on what is not UTF-8


class _Unreadable(Exception):
    """Nothing sensible can be read after this; the finding is recorded."""


def read(source: Text, findings: Findings) -> Node | None:
    """Reads one document.

    Args:
        source: The text of the definition.
        findings: Where mistakes go.

    Returns:
        The document, or None where nothing could be read.
    """
    if len(source.text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        findings.add(
            "NS109", "the definition is larger than 1 MiB", source.span(0, 1), "split it, or move texts to templates"
        )
        return None
    broken = _NOT_TEXT.search(source.text)
    if broken:
        place = source.span(broken.start(), broken.start() + 1)
        findings.add("NS112", "this is not UTF-8", place, "save the file as UTF-8")
        return None
    tab = _LEADING_TAB.search(source.text)
    if tab:
        findings.add("NS106", "a tab in the indentation", source.span(tab.end() - 1, tab.end()), "use spaces")
        return None
    try:
        return _Reader(source, findings).document()
    except _Unreadable:
        return None
    except yaml.YAMLError as error:
        _report_syntax(source, findings, error)
        return None


class _Reader:
    """Turns the stream of events into nodes; recursion is bounded by `MAX_LEVELS`."""

    def __init__(self, source: Text, findings: Findings) -> None:
        self._source = source
        self._findings = findings
        self._events: Iterator[Event] = iter(_LOADER(source.text).get_event, None)
        self._nodes = 0
        self._content: list[tuple[int, int]] = []  # what stands in quotes or blocks, where a tab is content

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, StreamEndEvent):
                break
            if isinstance(event, DocumentStartEvent):
                self._check_document(event, first=root is None)
                root = self._node(next(self._events), 1)
        if root is None or (isinstance(root, Scalar) and root.value is None and not root.style):
            self._findings.add(
                "NS111", "the text holds no definition", self._source.span(0, 1), "it begins with `netsaga: 1`"
            )
            return None
        self._check_tabs()
        return root

    def _check_document(self, event: DocumentStartEvent, *, first: bool) -> None:
        span = self._span(event)
        if not first:
            self._findings.add("NS107", "a second document in one file", span, "keep one definition a file")
            raise _Unreadable
        if event.version or event.tags:
            self._findings.add("NS107", "a YAML directive", span, "leave it out; definitions are YAML 1.2")

    def _node(self, event: Event, level: int) -> Node:
        self._nodes += 1
        if level > MAX_LEVELS or self._nodes > MAX_NODES:
            self._refuse_size(event, level)
        if isinstance(event, ScalarEvent):  # nine of ten
            return self._scalar(event)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            if event.anchor is not None or event.tag is not None:
                self._check_properties(event)
            return self._fields(event, level) if isinstance(event, MappingStartEvent) else self._items(event, level)
        assert isinstance(event, AliasEvent)
        self._findings.add("NS104", f"the alias `*{event.anchor}`", self._span(event), "write the value out")
        return Scalar(None, "", "", self._source, _offset(event.start_mark), _offset(event.end_mark))

    def _refuse_size(self, event: Event, level: int) -> NoReturn:
        if level > MAX_LEVELS:
            self._findings.add("NS108", f"nested deeper than {MAX_LEVELS} levels", self._span(event), "flatten it")
        else:
            hint = "split the definition, or move data to the source of truth"
            self._findings.add("NS109", f"more than {MAX_NODES} keys and values", self._span(event), hint)
        raise _Unreadable

    def _check_properties(self, event: ScalarEvent | SequenceStartEvent | MappingStartEvent) -> None:
        if event.anchor is not None:
            place = self._property(event, f"&{event.anchor}")
            self._findings.add(
                "NS104", f"the anchor `&{event.anchor}`", place, "write the value out where it is needed"
            )
        if event.tag is not None:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._findings.add(
                "NS105", f"the tag `{shown}`", self._property(event, shown), "leave it out; the key decides the type"
            )

    def _property(self, event: Event, written: str) -> Span:
        at = self._source.text.find(written, _offset(event.start_mark))
        return self._source.span(at, at + len(written)) if at >= 0 else self._span(event)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        text, style = event.value, event.style or ""
        start, end = _offset(event.start_mark), _offset(event.end_mark)
        if event.anchor is not None or event.tag is not None:
            self._check_properties(event)
            start = max(start, end - len(text) - (2 if style else 0))
        value: str | int | float | bool | None = text
        if style == '"' and _NOT_TEXT.search(text):
            hint = "write the character itself, or its whole escape, as `\\U0001F600`"
            self._findings.add("NS112", "an escape that is half a character", self._source.span(start, end), hint)
        if style:
            self._content.append((start, end))
        else:
            value = resolve(text)
        return Scalar(value, text, style, self._source, start, end)

    def _items(self, start: Event, level: int) -> Items:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                return Items(tuple(items), self._source, _offset(start.start_mark), _offset(event.end_mark))
            items.append(self._doubted(self._node(event, level + 1)))
        raise AssertionError("the parser ends each list")

    def _fields(self, start: Event, level: int) -> Fields:
        entries: dict[str, tuple[Scalar, Node]] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                start_at, end_at = _offset(start.start_mark), _offset(event.end_mark)
                return Fields(tuple(entries.values()), self._source, start_at, end_at)
            key = self._key(self._node(event, level + 1))
            value = self._doubted(self._node(next(self._events), level + 1))
            if key is None:
                continue
            if key.text in entries:
                first = (entries[key.text][0].span, "first given here")
                self._findings.add(
                    "NS103", f"the key `{key.text}` stands twice in this map", key.span, "keep one", [first]
                )
                continue
            entries[key.text] = (key, value)
        raise AssertionError("the parser ends each map")

    def _key(self, node: Node) -> Scalar | None:
        if isinstance(node, Scalar) and node.text == "<<" and not node.style:
            self._findings.add("NS104", "the merge key `<<`", node.span, "write the keys out")
            return None
        if isinstance(node, Scalar) and node.text:
            return node
        self._findings.add("NS110", "a key must be plain text", node.span, "give the key a name")
        return None

    def _doubted(self, node: Node) -> Node:
        if isinstance(node, Scalar) and not node.style:
            reason = doubt(node.text)
            if reason:
                self._findings.add("NS102", reason[0], node.span, reason[1])
        return node

    def _check_tabs(self) -> None:
        text = self._source.text
        at = text.find("\t")
        while at >= 0:
            line_start = text.rfind("\n", 0, at) + 1
            in_content = any(start <= at < end for start, end in self._content)
            if not in_content and not re.search(r"(?:^|\s)#", text[line_start:at]):
                _report_tab(self._source, self._findings, at)
            at = text.find("\t", at + 1)

    def _span(self, event: Event) -> Span:
        start = _offset(event.start_mark)
        return self._source.span(start, max(_offset(event.end_mark), start + 1))


class _Mark(Protocol):
    """What both parsers' marks have."""

    @property
    def index(self) -> int: ...


def _offset(mark: _Mark | None) -> int:
    assert mark is not None  # only events that are made by hand have none
    return mark.index


def _report_tab(source: Text, findings: Findings, at: int) -> None:
    findings.add("NS106", "a tab between words", source.span(at, at + 1), "use spaces")


def _report_syntax(source: Text, findings: Findings, error: yaml.YAMLError) -> None:
    """Records a syntax error in the words of PyYAML's own scanner: clearer than libyaml's, and the same everywhere."""
    if yaml.__with_libyaml__:
        try:
            for _ in yaml.parse(source.text, Loader=yaml.Loader):
                pass
        except yaml.YAMLError as better:
            error = better
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        # What is missing at the end is missing behind the last word, not below the last line.
        at = min(error.problem_mark.index, len(source.text.rstrip()))
        if source.text[at : at + 1] == "\t":
            _report_tab(source, findings, at)
            return
        labels = []
        if error.context and error.context_mark is not None and error.context_mark.line != error.problem_mark.line:
            labels = [(source.span(error.context_mark.index, error.context_mark.index + 1), error.context)]
        findings.add(
            "NS101",
            f"this is not valid YAML: {error.problem}",
            source.span(at, at + 1),
            _syntax_help(error.problem or ""),
            labels,
        )
        return
    at = getattr(error, "position", 0)
    findings.add(
        "NS101",
        f"this is not valid YAML: {getattr(error, 'reason', error)}",
        source.span(at, at + 1),
        "remove the character",
    )


def _syntax_help(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "put text that contains `: ` in quotes, and check the indentation"
    if "could not find expected ':'" in problem or "expected <block end>" in problem:
        return "check the indentation of this line and the one above"
    if "cannot start any token" in problem:
        return "put text that begins with this character in quotes"
    return "check quotes, brackets and indentation here"
