"""Fourth pass: every expression has a type that its place can use."""

from workflows.definition.diagnostics import Findings
from workflows.definition.guards import NOTHING
from workflows.definition.inference import Inference
from workflows.definition.scopes import Place, Scopes
from workflows.definition.types import ListType, MapType, Number, Record, Steps, Text, Type, Unknown, describe
from workflows.durations import DURATION_HELP, parse_duration


def check_types(scopes: Scopes, findings: Findings) -> None:
    """Reports operations that can only go wrong, and values that their place cannot use."""
    for place in scopes.places():
        inference = Inference(place.expression, place.scope, findings)
        tree = place.expression.tree
        if place.wanted == "boolean":
            inference.condition(tree, NOTHING, place.what)
            continue
        before = len(findings.items)
        found = inference.infer(tree, NOTHING) if place.wanted == "any" else inference.present(tree, NOTHING)
        if len(findings.items) == before:
            _check_wanted(place, found, findings)


def _check_wanted(place: Place, found: Type, findings: Findings) -> None:
    span = place.expression.whole(place.expression.tree)
    if isinstance(found, Unknown) or place.wanted == "any":
        return
    match place.wanted:
        case "hosts":
            if not (isinstance(found, ListType) and isinstance(found.item, Text | Unknown)):
                message = f"{place.what} is a list of devices, and this is {describe(found)}"
                findings.add("NS506", message, span, "as `inventory` or `steps.NAME.succeeded`")
        case "duration":
            _check_duration(place, found, findings)
        case _:
            if isinstance(found, ListType | MapType | Record | Steps):
                message = f"{place.what} is text, and this is {describe(found)}"
                findings.add("NS506", message, span, "`join` makes text of a list")


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
