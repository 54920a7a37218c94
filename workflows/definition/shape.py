"""Second pass: nodes to a draft. Known keys, right types, one verb a step, and every expression parsed.

Whether names exist and types fit is for later passes. Mistakes are collected: a wrong step does not hide the next one.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft import DedupDraft, DefaultsDraft, Draft, InventoryDraft
from workflows.definition.mapping import Section, kind_of
from workflows.definition.nodes import Fields, Node, Scalar
from workflows.definition.shape_inputs import shape_inputs
from workflows.definition.shape_retry import shape_retry
from workflows.definition.shape_rollout import shape_concurrency
from workflows.definition.shape_steps import shape_steps
from workflows.definition.shape_verbs import named_values

_ON_DUPLICATE: Final[tuple[Literal["join", "reject", "queue"], ...]] = ("join", "reject", "queue")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_VERSION: Final = re.compile(r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?")


def shape(root: Node, templates: Mapping[str, str], findings: Findings) -> Draft | None:
    """Makes a draft of a document.

    Args:
        root: What the reader made.
        templates: The texts that were handed in, by name.
        findings: Where mistakes go.

    Returns:
        The draft, to be used only if nothing failed; None where there is nothing to judge.
    """
    if not isinstance(root, Fields):
        findings.add(
            "NS203", f"a definition is a map, and this is {kind_of(root)}", root.span, "it begins with `netsaga: 1`"
        )
        return None
    top = Section(root, "a definition", keys.TOP, findings)
    _check_format(top)
    name = top.text(
        "name", needed="a name by which runs ask for it", pattern=_NAME, hint="use a-z, 0-9, `.`, `_` and `-`"
    )
    version = top.text(
        "version", needed="three numbers, as `1.0.0`", pattern=_VERSION, hint="write three numbers, as `1.0.0`"
    )
    description = top.text("description")
    inputs = shape_inputs(top, findings)
    dedup = _dedup(top, findings)
    inventory = _inventory(top, findings)
    defaults = _defaults(top, findings)
    steps = shape_steps(top, "steps", findings)
    final = shape_steps(top, "finally", findings)
    outputs = top.fields("outputs")
    if name is None or version is None:
        return None
    return Draft(
        name=name.text,
        version=version.text,
        description=description.text.strip() if description else "",
        span=root.span,
        inputs=inputs,
        dedup=dedup,
        inventory=inventory,
        defaults=defaults,
        steps=steps,
        final=final,
        outputs=named_values(outputs, findings) if outputs is not None else (),
        templates=dict(templates),
    )


def _check_format(top: Section) -> None:
    node = top.node("netsaga")
    if node is None:
        top.missing("netsaga", "the first line of a definition is `netsaga: 1`, the version of the language")
    elif not isinstance(node, Scalar) or node.value != 1 or isinstance(node.value, bool | float):
        said = node.text if isinstance(node, Scalar) else kind_of(node)
        top.invalid("netsaga", f"version `{said}` of the language is not known here", "write `netsaga: 1`")


def _dedup(top: Section, findings: Findings) -> DedupDraft | None:
    node = top.fields("dedup")
    if node is None:
        return None
    fields = Section(node, "`dedup`", keys.DEDUP, findings)
    if "key" not in fields:
        fields.missing("key", "what two runs of the same work have in common, as `${{ inputs.ticket }}`")
    key = fields.value("key")
    on_duplicate: Literal["join", "reject", "queue"] = fields.choice("on_duplicate", _ON_DUPLICATE, "join")
    return DedupDraft(key, on_duplicate) if key is not None else None


def _inventory(top: Section, findings: Findings) -> InventoryDraft | None:
    node = top.fields("inventory")
    if node is None:
        return None
    fields = Section(node, "`inventory`", keys.INVENTORY, findings)
    source = fields.text("source", needed="the name of a source in the worker's settings")
    select = fields.expression("select")
    low, high = 1, None
    expected = fields.fields("expect")
    if expected is not None:
        expect = Section(expected, "`expect`", keys.EXPECT, findings)
        given = expect.integer("min", 0)
        low = 1 if given is None else given
        high = expect.integer("max", 1)
        if high is not None and high < low:
            expect.invalid("max", f"`max` is {high}, below `min`, which is {low}", "no selection can meet both")
    return InventoryDraft(source.text if source else "", select, low, high)


def _defaults(top: Section, findings: Findings) -> DefaultsDraft:
    node = top.fields("defaults")
    if node is None:
        return DefaultsDraft()
    fields = Section(node, "`defaults`", keys.DEFAULTS, findings)
    credential = fields.text("credential")
    return DefaultsDraft(
        credential=credential.text if credential else None,
        timeout_s=fields.duration("timeout"),
        retry=shape_retry(fields, findings),
        concurrency=shape_concurrency(fields, findings),
    )
