"""The shape of ``compare``: two snapshots, what is ignored, and what is expected of each section."""

import re
from typing import Final, Literal, get_args

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft_actions import CompareBody, ExpectationDraft, SnapshotPath, Word
from workflows.definition.expressions import Expression, parse_value
from workflows.definition.mapping import NAME, NAME_HELP, Section, kind_of, words
from workflows.definition.nodes import Fields, Items, Node, Scalar
from workflows.plan import Section as StateSection
from workflows.suggest import did_you_mean

_PATH: Final = re.compile(r"(?:steps\.(?P<step>[A-Za-z]\w*)(?:\.(?P<name>[A-Za-z]\w*))?|(?P<own>[A-Za-z]\w*))")
_IGNORE: Final = re.compile(r"[A-Za-z_*][\w*-]*(?:\.[^\s.]+)*")
_SECTIONS: Final[dict[str, StateSection]] = {section: section for section in get_args(StateSection)}
_VERDICTS: Final[dict[str, Literal["unchanged", "only_change", "any"]]] = {
    "unchanged": "unchanged", "only_change": "only_change", "any": "any",
}  # fmt: skip
_KEYS: Final[tuple[Literal["added", "removed", "changed"], ...]] = ("added", "removed", "changed")
_HELP: Final = "write `steps.STEP`, `steps.STEP.NAME`, or the NAME of a snapshot of this step"


def shape_compare(fields: Section, findings: Findings) -> CompareBody | None:
    """``compare`` with its ``expect``."""
    node = fields.fields("compare")
    if node is None:
        return None
    inner = Section(node, "`compare`", keys.COMPARE, findings)
    if "before" not in inner:
        inner.missing("before", _HELP)
    before, after = _path(inner, findings), inner.text("after", pattern=NAME, hint=NAME_HELP)
    ignore = _ignored(inner, findings)
    expectations = fields.fields("expect")
    expect = [_expectation(key, value, findings) for key, value in expectations.entries] if expectations else []
    return CompareBody(before, after, ignore, tuple(one for one in expect if one)) if before else None


def _path(inner: Section, findings: Findings) -> SnapshotPath | None:
    word, node = inner.text("before", hint=_HELP), inner.node("before")
    found = _PATH.fullmatch(word.text) if word else None
    if word is None or not isinstance(node, Scalar):
        return None
    if found is None:
        findings.add("NS204", f"`{word.text}` does not name a snapshot", word.span, _HELP)
        return None
    placed = {
        group: Word(text, node.part(found.start(group), found.end(group)))
        for group, text in found.groupdict().items()
        if text
    }
    return SnapshotPath(placed.get("step"), placed.get("name") or placed.get("own"))


def _ignored(inner: Section, findings: Findings) -> tuple[Word, ...]:
    node = inner.node("ignore")
    if node is None:
        return ()
    found = words(node, "`ignore`", findings)
    for word in found:
        section = word.text.split(".", maxsplit=1)[0]
        if not _IGNORE.fullmatch(word.text) or (section != "*" and section not in _SECTIONS):
            hint = did_you_mean(section, _SECTIONS, "a path begins with one of")
            findings.add("NS204", f"`{word.text}` is no path in a device's state", word.span, hint)
    return found


def _expectation(key: Scalar, node: Node, findings: Findings) -> ExpectationDraft | None:
    """One section, or a word that is none: then it names interfaces by a list in ``device.data``."""
    name, section = Word(key.text, key.span), _SECTIONS.get(key.text)
    hint = did_you_mean(key.text, _SECTIONS, "sections are")
    if section is None and (not NAME.fullmatch(key.text) or hint.startswith("did")):
        findings.add("NS204", f"`{key.text}` is no section of a device's state", key.span, hint)
        return None
    if isinstance(node, Fields):
        inner = Section(node, f"the expectation of `{key.text}`", keys.EXPECTATION, findings)
        given: dict[Literal["added", "removed", "changed"], Expression] = {}
        for one in _KEYS:
            keys_of_one = _listed(inner, one, findings) if one in inner else None
            if keys_of_one is not None:
                given[one] = keys_of_one
        return ExpectationDraft(name, section, "exactly", given)
    said = node.text if isinstance(node, Scalar) else ""
    verdict = _VERDICTS.get(said)
    if verdict is None:
        wrong = f"`{said}`" if said else kind_of(node)
        hint = did_you_mean(said, _VERDICTS, "write a map of `added`, `removed`, `changed`, or one of")
        findings.add("NS204", f"{wrong} is no expectation", node.span, hint)
        return None
    if verdict == "only_change" and section != "config":
        hint = "name its keys, as `{added: […]}`"
        findings.add("NS204", "`only_change` is about the `config`", node.span, hint)
        return None
    return ExpectationDraft(name, section, verdict)


def _listed(inner: Section, key: str, findings: Findings) -> Expression | None:
    node = inner.node(key)
    whole = isinstance(node, Scalar) and isinstance(node.value, str) and node.value.startswith("${{")
    if node is None or not (isinstance(node, Items) or whole):
        inner.wrong(key, "a list of keys", 'as `["${{ inputs.vlan_id }}"]`')
        return None
    return parse_value(node, findings)
