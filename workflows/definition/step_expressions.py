"""The expressions of steps that see nothing of their own, with what their places want of them.

`scopes.py` makes places of them, as it does of those in `action_types.py`; nothing is reported here.
"""

from collections.abc import Iterator

from workflows.definition.action_types import Wanted
from workflows.definition.draft import ApproveBody, Body, DevicesBody, HttpBody, NotifyBody, ScriptBody, WaitBody
from workflows.definition.expressions import Expression


def of_verb(body: Body) -> Iterator[tuple[Expression, Wanted, str]]:
    """The expressions of the verbs that have nothing of their own to see."""
    found: list[tuple[Expression | float | None, Wanted, str]] = []
    match body:
        case ApproveBody():
            found = [(body.escalate.timeout if body.escalate else None, "duration", "`timeout`")]
        case NotifyBody():
            found = [(body.message, "text", "`message`")]
        case HttpBody():
            found = [
                (body.url, "text", f"`{body.method}`"), (body.query, "map", "`query`"),
                (body.headers, "map", "`headers`"), (body.json, "any", "`json`"),
            ]  # fmt: skip
        case WaitBody():
            found = [
                (body.for_, "duration", "`for`"), (body.until, "text", "`until`"), (body.devices, "hosts", "`devices`"),
            ]  # fmt: skip
        case ScriptBody():
            found = [(body.with_, "map", "`with`")]
        case _:
            pass
    for expression, wanted, what in found:
        if isinstance(expression, Expression):
            yield expression, wanted, what


def of_rollout(body: DevicesBody) -> Iterator[tuple[Expression, Wanted, str]]:
    """What sorts the devices of a step by their facts."""
    found: list[tuple[Expression | None, Wanted, str]] = [
        (body.concurrency.per if body.concurrency else None, "plain", "`per`"),
        (body.apart, "plain", "`apart`"),
        (body.together, "plain", "`together`"),
    ]
    for one in body.order:
        found.append((one, "plain", "`order`"))  # noqa: PERF401 - the types are clear this way
    for wave in body.waves:
        found.append((wave.select, "boolean", "`select`"))
        found.append((wave.per, "plain", "`per`"))
    for expression, wanted, what in found:
        if expression is not None:
            yield expression, wanted, what
