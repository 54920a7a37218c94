"""The shape of waves and of ``accept``: how far a fan-out goes at once, and how much of it must succeed."""

import re
from typing import Final

from workflows.definition import keys
from workflows.definition.diagnostics import Findings, Span
from workflows.definition.draft import WaveDraft
from workflows.definition.expressions import Expression, fact
from workflows.definition.mapping import Section, bare, kind_of
from workflows.definition.nodes import Fields, Node, Scalar
from workflows.durations import parse_share
from workflows.plan import Accept

_SIZE_HELP: Final = "write a number of devices or a share of them, as `10%`"
_ACCEPT_HELP: Final = 'write `all`, `any`, `3 of 5`, `{succeeded: ">= 95%"}` or `{failed: "<= 3"}`'
_AT_LEAST: Final = re.compile(r">=\s*(?:(?P<share>\S+%)|(?P<count>\d{1,6}))")
_AT_MOST: Final = re.compile(r"<=\s*(?:(?P<share>\S+%)|(?P<count>\d{1,6}))")
_OF: Final = re.compile(r"(\d{1,6})\s+of\s+(\d{1,6})")


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
        return WaveDraft(f"wave {number}", node.span, size, share, None, None, 0.0) if size or share else None
    if not isinstance(node, Fields):
        findings.add("NS203", f"a wave is a map or a size, and this is {kind_of(node)}", node.span, _SIZE_HELP)
        return None
    fields = Section(node, "a wave", keys.WAVE, findings)
    name, soak = fields.text("name"), fields.duration_or_expression("soak")
    size, share, select = _devices_of(fields, findings)
    per = shape_fact(fields, "per", findings)
    if per is not None and size is None and (share is not None or select is not None):
        message = "`per` counts devices, and this wave is " + ("a share of them" if share else "chosen by `select`")
        findings.add("NS206", message, fields.key("per"), "write `size: 1` for one of each kind, or leave `per` out")
    if size is None and share is None and select is None:
        return None
    return WaveDraft(
        name.text if name else f"wave {number}", node.span, size, share, select, per, 0.0 if soak is None else soak
    )


def _devices_of(fields: Section, findings: Findings) -> tuple[int | None, float | None, Expression | None]:
    """What the wave consists of: ``size`` or ``select``."""
    given = fields.node("size")
    if given is None:
        if "select" not in fields:
            fields.missing("size", f"{_SIZE_HELP}, or choose devices with `select`")
        return None, None, fields.expression("select")
    if "select" in fields:
        first = [(fields.key("size"), "the size")]
        findings.add("NS206", "`size` and `select` in one wave", fields.key("select"), "keep one", first)
        return None, None, None
    return (*_size(given, findings), None)


def _size(node: Node, findings: Findings) -> tuple[int | None, float | None]:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value, None
    if isinstance(value, str) and "${{" in value:
        message = "an expression in `size`: the waves are the same in every run"
        findings.add("NS204", message, node.span, _SIZE_HELP)
        return None, None
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


def shape_fact(fields: Section, key: str, findings: Findings) -> Expression | None:
    """A fact of a device: its bare name, as ``platform``, or an expression over ``device``."""
    node = fields.node(key)
    if node is None:
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        found = fact(node)
        if found is not None:
            return found
    return bare(node, f"`{key}`", findings)


def shape_accept(fields: Section, findings: Findings) -> Accept:
    """``accept``: how many devices must succeed."""
    node = fields.node("accept")
    if node is None:
        return Accept()
    if isinstance(node, Fields):
        return _accept_map(Section(node, "`accept`", keys.ACCEPT, findings))
    text = node.text.strip() if isinstance(node, Scalar) else ""
    if text == "all":
        return Accept()
    if text == "any":
        return Accept(kind="any", value=1.0, text="any")
    count = _OF.fullmatch(text)
    if count:
        return _n_of_m(int(count[1]), int(count[2]), text, node, findings)
    failed = re.fullmatch(r"(<=.*?)\s+failed", text)
    found = _at_most(failed[1]) if failed else _at_least(text.removesuffix("succeeded").strip())
    if found is None:
        findings.add("NS204", f"{f'`{text}`' if text else kind_of(node)} is no valid `accept`", node.span, _ACCEPT_HELP)
        return Accept()
    return found


def _n_of_m(wanted: int, total: int, text: str, node: Node, findings: Findings) -> Accept:
    if not 1 <= wanted <= total:
        findings.add(
            "NS204", f"`{text}` can never be met, or always is", node.span, "write as many as there are, or fewer"
        )
        return Accept()
    return Accept(kind="count", value=wanted, text=text)


def _accept_map(inner: Section) -> Accept:
    given = [key for key in keys.ACCEPT if key in inner]
    if len(given) != 1:
        if given:
            inner.findings.add("NS206", "`succeeded` and `failed` in one `accept`", inner.key("failed"), "keep one")
        else:
            inner.missing("succeeded", _ACCEPT_HELP)
        return Accept()
    word = inner.text(given[0], hint=_ACCEPT_HELP)
    if word is None:
        return Accept()
    found = _at_least(word.text.strip()) if given[0] == "succeeded" else _at_most(word.text.strip())
    if found is None:
        inner.invalid(given[0], f"`{word.text}` is no threshold for `{given[0]}`", _ACCEPT_HELP)
        return Accept()
    return found


def _at_least(text: str) -> Accept | None:
    found = _AT_LEAST.fullmatch(text)
    if not found:
        return None
    if found["count"]:
        return Accept(kind="count", value=int(found["count"]), text=text)
    share = _share(found["share"])
    return Accept(kind="ratio", value=share, text=text) if share is not None else None


def _at_most(text: str) -> Accept | None:
    found = _AT_MOST.fullmatch(text)
    if not found:
        return None
    if found["count"]:
        return Accept(kind="failed", value=int(found["count"]), text=f"{text} failed")
    share = _share(found["share"])
    # So many may fail, rounded down: the same as that the others succeed.
    return Accept(kind="ratio", value=round(1 - share, 9), text=f"{text} failed") if share is not None else None


def _share(text: str) -> float | None:
    try:
        return parse_share(text)
    except ValueError:
        return None
