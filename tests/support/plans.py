"""Plans for the interpreter's tests, made of models: the compiler has tests of its own."""

import hashlib
from typing import Any

from workflows.contracts import ArtifactRef
from workflows.plan import (
    Accept,
    ApplyAction,
    Attr,
    Check,
    CheckAction,
    Constant,
    DevicesStep,
    Expr,
    Name,
    Plan,
    ProposeAction,
    Retry,
    Step,
    StepId,
    TemplateText,
    Wave,
)


def ref(text: str) -> ArtifactRef:
    """An artifact's name, as the store would make it."""
    return ArtifactRef("sha256:" + hashlib.sha256(text.encode()).hexdigest())


def of(path: str) -> Expr:
    """The expression of a dotted path, such as ``steps.precheck.succeeded``."""
    first, *rest = path.split(".")
    expr: Expr = Name(name=first)
    for part in rest:
        expr = Attr(of=expr, name=part)
    return expr


def plan(*steps: Step, last: tuple[Step, ...] = (), name: str = "test") -> Plan:
    """A plan of these steps, one after the other where they name no needs."""
    return Plan(name=name, version="1.0.0", digest="d" * 64, steps=steps, finally_=last)


def reading(step_id: str, **changes: Any) -> DevicesStep:
    """A step that reads every device of the inventory."""
    fields: dict[str, Any] = {
        "id": StepId(step_id),
        "devices": of("inventory"),
        "do": (CheckAction(checks=(Check(name="fine", that=Constant(value=True)),)),),
        "changes": False,
        "retry": Retry(attempts=2, delay_s=1),
    }
    return DevicesStep(**(fields | changes))


def changing(step_id: str, **changes: Any) -> DevicesStep:
    """A step that changes every device of the inventory."""
    template = TemplateText(template="t.j2", vars=Constant(value=None))
    fields: dict[str, Any] = {
        "do": (ProposeAction(change=template, name="change"), ApplyAction(change="change")),
        "changes": True,
    }
    return reading(step_id, **(fields | changes))


def waves(*sizes: int | str, soak: str | int = 0) -> tuple[Wave, ...]:
    """Waves named w1, w2, …: numbers, or percentages as text."""
    return tuple(
        Wave(
            name=f"w{index}",
            size=size if isinstance(size, int) else None,
            share=float(size.rstrip("%")) / 100 if isinstance(size, str) else None,
            soak=Constant(value=soak),
        )
        for index, size in enumerate(sizes, start=1)
    )


def at_least(percent: float) -> Accept:
    """``accept: {succeeded: ">= N%"}``."""
    return Accept(kind="ratio", value=percent / 100, text=f">= {percent:g}%")


def at_most(failures: int) -> Accept:
    """``accept: "<= N failed"``."""
    return Accept(kind="failed", value=failures, text=f"<= {failures} failed")
