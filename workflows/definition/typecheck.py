"""Fourth pass: every expression has a type that its place can use."""

from workflows.definition.arguments import check_argument
from workflows.definition.diagnostics import Findings
from workflows.definition.guards import NOTHING
from workflows.definition.inference import Inference
from workflows.definition.lines import has_control, written_texts
from workflows.definition.scopes import Place, Scopes
from workflows.definition.types import (
    ListType,
    MapType,
    Number,
    Record,
    Steps,
    Text,
    Type,
    Unknown,
    bare_type,
    describe,
    describe_many,
    known_texts,
    may_equal,
)
from workflows.durations import DURATION_HELP, parse_duration
from workflows.plan import Concat, Expr


def check_types(scopes: Scopes, findings: Findings) -> None:
    """Reports operations that can only go wrong, and values that their place cannot use."""
    for place in scopes.places():
        inference = Inference(place.expression, place.scope, findings)
        tree = place.expression.tree
        if place.wanted == "boolean":
            inference.condition(tree, NOTHING, place.what)
            continue
        before = len(findings.items)
        # Facts may be missing: devices without one are apart from nobody, and come last.
        nullable = place.wanted in {"any", "plain", "vars"}
        found = inference.infer(tree, NOTHING) if nullable else inference.present(tree, NOTHING)
        if place.gives is not None:
            scopes.computed.setdefault(place.step.id.text if place.step else "", {})[place.gives] = found
        if len(findings.items) == before:
            _check_wanted(place, found, findings)
        if len(findings.items) == before and place.wanted == "line" and isinstance(tree, Concat):
            for part in tree.parts:
                _check_part(place, part, inference.infer(part, NOTHING), findings)


def _check_wanted(place: Place, found: Type, findings: Findings) -> None:
    span = place.expression.whole(place.expression.tree)
    if place.declared is not None:
        check_argument(place, place.declared, found, findings)
        return
    if isinstance(found, Unknown) or place.wanted == "any":
        return
    match place.wanted:
        case "hosts":
            if not (isinstance(found, ListType) and isinstance(found.item, Text | Unknown)):
                message = f"{place.what} is a list of devices, and this is {describe(found)}"
                findings.add("NS506", message, span, "as `inventory` or `steps.NAME.succeeded`")
        case "duration":
            _check_duration(place, found, findings)
        case "line":
            _check_text(place, found, findings)
            _check_control(place, found, findings)
        case "vars":
            _check_control(place, found, findings)
        case "keys":
            _check_keys(place, found, findings)
        case "map":
            if not isinstance(found, MapType | Record):
                findings.add("NS506", f"{place.what} is a map, and this is {describe(found)}", span, "write its keys")
        case "plain":
            if isinstance(found, ListType | MapType | Record | Steps):
                message = f"{place.what} tells devices apart by one value, and this is {describe(found)}"
                findings.add("NS506", message, span, "name a fact, as `device.site`")
        case _:
            _check_text(place, found, findings)


def _check_text(place: Place, found: Type, findings: Findings) -> None:
    if isinstance(found, ListType | MapType | Record | Steps):
        message = f"{place.what} is text, and this is {describe(found)}"
        span = place.expression.whole(place.expression.tree)
        findings.add("NS506", message, span, "`join` makes text of a list")


def _check_part(place: Place, part: Expr, found: Type, findings: Findings) -> None:
    """A list or a map in the middle of a line would reach the device as Python writes it."""
    if isinstance(bare_type(found), ListType | MapType | Record | Steps):
        message = f"{describe(found)} in the text of {place.what}"
        findings.add("NS506", message, place.expression.whole(part), "name one of its values, or `join` a list")


def _check_control(place: Place, found: Type, findings: Findings) -> None:
    """What is known to hold a line break would be two lines to a device (device-safety, rule 13)."""
    texts = [*known_texts(found), *written_texts(place.expression.tree)]
    if any(has_control(text) for text in texts):
        message = f"{place.what}: a line break or another control character would reach the device"
        hint = "write text of several lines into the template, or declare an input with `multiline: true`"
        findings.add("NS506", message, place.expression.whole(place.expression.tree), hint)


def _check_keys(place: Place, found: Type, findings: Findings) -> None:
    wanted = place.keys
    if wanted is None or (isinstance(found, ListType) and may_equal(found.item, wanted)):
        return
    message = f"{place.what} lists {describe_many(wanted)}, and this is {describe(found)}"
    if isinstance(found, ListType):
        message += f" of {describe_many(found.item)}"
    hint = 'as `[120]` or `["${{ inputs.vlan_id }}"]`' if isinstance(wanted, Number) else 'as `["Ethernet1"]`'
    findings.add("NS506", message, place.expression.whole(place.expression.tree), hint)


def _check_duration(place: Place, found: Type, findings: Findings) -> None:
    span = place.expression.whole(place.expression.tree)
    if isinstance(found, Text) and found.values is not None:
        for value in sorted(found.values):
            try:
                parse_duration(value)
            except ValueError as error:
                findings.add("NS506", str(error).split(":", maxsplit=1)[0], span, DURATION_HELP)
        return
    if not isinstance(found, Number) and not (isinstance(found, Text) and found.meaning == "duration"):
        message = f"{place.what} is a duration, and this is {describe(found)}"
        findings.add("NS506", message, span, "use an input of `type: duration`")
