"""What a call gives to the definition that it calls, against what that one declares. Part of the passes 3 and 4.

Unknown and missing inputs are mistakes in names; a value that the called definition would refuse is one in types. A
constant is judged by the very function that judges the inputs of a run.
"""

from pydantic import JsonValue

from workflows.definition.diagnostics import Findings
from workflows.definition.draft import CallBody
from workflows.definition.scopes import Place, Scopes
from workflows.definition.types import Maybe, Type, bare_type, describe, may_equal, type_of_input
from workflows.inputs import problem_of
from workflows.plan import Constant, Expr, Input, ListOf, MapOf
from workflows.suggest import did_you_mean


def check_arguments(scopes: Scopes, findings: Findings) -> None:
    """Reports inputs that a called definition does not have, and those that it needs and does not get."""
    for step in scopes.draft.all_steps:
        if not isinstance(step.body, CallBody) or step.body.target.text not in scopes.called:
            continue
        target, declared = step.body.target, scopes.called[step.body.target.text].inputs
        given = {word.text for word, _ in step.body.given}
        misspelt = False
        for word, _ in step.body.given:
            if word.text not in declared:
                hint = did_you_mean(word.text, declared, "its inputs are")
                misspelt |= hint.startswith("did you mean")
                findings.add("NS413", f"`{target.text}` has no input `{word.text}`", word.span, hint)
        missing = [name for name, one in declared.items() if one.required and name not in given]
        if missing and not misspelt:  # or one slip would be two messages
            named = ", ".join(f"`{name}`" for name in missing)
            plural = "inputs" if len(missing) > 1 else "input"
            message = f"`{target.text}` needs the {plural} {named}"
            findings.add("NS413", message, target.span, f"add `with: {{{missing[0]}: …}}`")


def check_argument(place: Place, declared: Input, found: Type, findings: Findings) -> None:
    """Reports one value that the called definition would refuse."""
    tree = place.expression.tree
    span, refused = place.expression.whole(tree), f"{place.what} would be refused"
    constant = _constant(tree)
    if constant is not None:
        value = constant[0]
        if value is None and declared.required:
            findings.add("NS508", f"{refused}: it is required, and this is null", span, "give it a value")
        problem = problem_of(declared, value) if value is not None else None
        if problem:
            findings.add("NS508", f"{refused}: {problem}", span, "change it, or what the called definition declares")
        return
    wanted = bare_type(type_of_input(declared))
    if not may_equal(bare_type(found), wanted):
        message = f"{refused}: it is {describe(wanted)}, and this is {describe(bare_type(found))}"
        findings.add("NS508", message, span, f"the called definition declares `type: {declared.type}`")
    elif isinstance(found, Maybe) and declared.required:
        findings.add("NS508", f"{refused}: it is required, and this may be null", span, "write `… | default(…)`")


def _constant(tree: Expr) -> tuple[JsonValue] | None:
    """The value of a tree without names, in a tuple of one; None where only the run knows it."""
    match tree:
        case Constant():
            return (tree.value,)
        case ListOf():
            items = [_constant(item) for item in tree.items]
            return ([item[0] for item in items if item],) if all(items) else None
        case MapOf():
            pairs = [(_constant(key), _constant(value)) for key, value in tree.items]
            if all(key and value for key, value in pairs):
                return ({str(key[0]): value[0] for key, value in pairs if key and value},)
            return None
        case _:
            return None
