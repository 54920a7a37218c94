"""The shape of what steers a fan-out: waves, ``accept`` and ``undo``."""

import re
from typing import Final

from workflows.definition import keys
from workflows.definition.diagnostics import Findings, Span
from workflows.definition.draft import WaveDraft
from workflows.definition.mapping import Section, kind_of, words
from workflows.definition.nodes import Fields, Node, Scalar
from workflows.durations import parse_share
from workflows.plan import Accept, UndoMethod
from workflows.suggest import did_you_mean

_SIZE_HELP: Final = "write a number of devices or a share of them, as `10%`"
_ACCEPT_HELP: Final = 'write `all`, `{succeeded: ">= 95%"}` or `{failed: "<= 3"}`'
_RATIO: Final = re.compile(r">=\s*(\S+%)")
_FAILED: Final = re.compile(r"<=\s*(\d{1,6})")
_METHODS: Final[dict[str, UndoMethod]] = {"native": "native", "inverse": "inverse", "restore": "restore"}


def shape_waves(fields: Section, findings: Findings) -> tuple[WaveDraft, ...]:
    """``waves``: maps, or bare sizes as in Ansible's ``serial``."""
    waves: list[WaveDraft] = []
    names: dict[str, Span] = {}
    nodes = fields.items("waves", unless_empty="write at least one wave, or leave `waves` out")
    for number, node in enumerate(nodes or (), start=1):
        wave = _wave(node, number, findings)
        if wave is None:
            continue
        if wave.name in names:
            first = [(names[wave.name], "first given here")]
            findings.add("NS401", f"two waves are called `{wave.name}`", node.span, "give each its own name", first)
        names[wave.name] = node.span
        waves.append(wave)
    return tuple(waves)


def _wave(node: Node, number: int, findings: Findings) -> WaveDraft | None:
    if isinstance(node, Scalar):
        size, share = _size(node, findings)
        return WaveDraft(f"wave {number}", size, share, 0.0) if size or share else None
    if not isinstance(node, Fields):
        findings.add("NS203", f"a wave is a map or a size, and this is {kind_of(node)}", node.span, _SIZE_HELP)
        return None
    fields = Section(node, "a wave", keys.WAVE, findings, keys.WAVE_LATER)
    name = fields.text("name")
    soak = fields.duration_or_expression("soak")
    given = fields.node("size")
    if given is None:
        if "select" not in fields:
            fields.missing("size", _SIZE_HELP)
        return None
    size, share = _size(given, findings)
    return WaveDraft(name.text if name else f"wave {number}", size, share, 0.0 if soak is None else soak)


def _size(node: Node, findings: Findings) -> tuple[int | None, float | None]:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, str) and "${{" in value:
        findings.add("NS290", "an expression in `size` is not supported yet", node.span, _SIZE_HELP)
        return None, None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value, None
    if isinstance(value, str):
        try:
            share = parse_share(value)
        except ValueError:
            share = 0.0
        if share > 0:
            return None, share
    said = f"`{node.text}`" if isinstance(node, Scalar) else kind_of(node)
    findings.add("NS204", f"{said} is no size of a wave", node.span, _SIZE_HELP)
    return None, None


def shape_accept(fields: Section, findings: Findings) -> Accept:
    """``accept``: how many devices must succeed."""
    node = fields.node("accept")
    if node is None:
        return Accept()
    if isinstance(node, Fields):
        return _accept_map(Section(node, "`accept`", ("succeeded", "failed"), findings), findings)
    text = node.text.strip() if isinstance(node, Scalar) else ""
    if text == "all":
        return Accept()
    if text == "any" or re.fullmatch(r"\d+ of \d+", text):
        findings.add("NS290", f"`accept: {text}` is not supported yet", node.span, _ACCEPT_HELP)
        return Accept()
    failed = re.fullmatch(r"(<=\s*\d+)\s+failed", text)
    found = _failed(failed[1]) if failed else _ratio(text.removesuffix("succeeded").strip())
    if found is None:
        findings.add("NS204", f"{f'`{text}`' if text else kind_of(node)} is no valid `accept`", node.span, _ACCEPT_HELP)
        return Accept()
    return found


def _accept_map(inner: Section, findings: Findings) -> Accept:
    given = [key for key in ("succeeded", "failed") if key in inner]
    if len(given) != 1:
        if given:
            findings.add("NS206", "`succeeded` and `failed` in one `accept`", inner.key("failed"), "keep one")
        else:
            inner.missing("succeeded", _ACCEPT_HELP)
        return Accept()
    word = inner.text(given[0], hint=_ACCEPT_HELP)
    if word is None:
        return Accept()
    found = _ratio(word.text) if given[0] == "succeeded" else _failed(word.text)
    if found is None:
        inner.invalid(given[0], f"`{word.text}` is no threshold for `{given[0]}`", _ACCEPT_HELP)
        return Accept()
    return found


def _ratio(text: str) -> Accept | None:
    found = _RATIO.fullmatch(text)
    if not found:
        return None
    try:
        return Accept(kind="ratio", value=parse_share(found[1]), text=text)
    except ValueError:
        return None


def _failed(text: str) -> Accept | None:
    found = _FAILED.fullmatch(text)
    return Accept(kind="failed", value=int(found[1]), text=f"{text} failed") if found else None


def shape_undo(fields: Section, findings: Findings) -> tuple[tuple[UndoMethod, ...] | None, Span | None]:
    """``undo``: the methods in their order, or ``none``; None where the definition is silent."""
    node = fields.node("undo")
    if node is None:
        return None, None
    if isinstance(node, Scalar) and node.text == "none":
        return (), fields.key("undo")
    methods: list[UndoMethod] = []
    for word in words(node, "`undo`", findings):
        method = _METHODS.get(word.text)
        if method is None:
            findings.add(
                "NS204",
                f"`{word.text}` is no way to undo",
                word.span,
                did_you_mean(word.text, [*_METHODS, "none"], "ways are"),
            )
        elif method in methods:
            findings.add("NS204", f"`{word.text}` stands twice", word.span, "name each way once")
        else:
            methods.append(method)
    if not methods and not findings.failed:
        findings.add("NS204", "an empty `undo`", node.span, "write `undo: none` if nothing is to be undone")
    return tuple(methods), fields.key("undo")
