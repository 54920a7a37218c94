"""Steps, one class a verb."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from workflows.plan.actions import Action
from workflows.plan.expressions import Expr
from workflows.plan.model import Model, StepId
from workflows.plan.parts import (
    Accept,
    Block,
    Breaker,
    Check,
    Input,
    OnBlock,
    OnDeadline,
    OnFailure,
    Retry,
    UndoMethod,
    Wave,
    Window,
)


class StepBase(Model):
    """What every step has. ``deadline`` bounds the whole step with its retries."""

    id: StepId
    needs: tuple[StepId, ...] = ()
    when: Expr | None = None
    timeout_s: float = 60.0
    retry: Retry = Retry()
    deadline: Expr | None = None  # seconds, or a duration as text
    on_deadline: OnDeadline = "stop"
    on_failure: OnFailure = OnFailure()
    block: Block | None = None  # what fails here is this block's failure
    on_block: OnBlock = "abort"  # what the failure of that block does: `on_failure`, go on without, or ask an operator
    checks: tuple[Check, ...] = ()  # judged when the verb has ended, over ``result`` and the step's own outputs


class Maintenance(Model):
    """Wraps a device's actions; ``leave`` always runs."""

    enter: tuple[Action, ...] = ()
    leave: tuple[Action, ...] = ()


class DevicesStep(StepBase):
    """Fans out over devices: one activity a device, all actions in order in one session."""

    kind: Literal["devices"] = "devices"
    devices: Expr  # a list of host names
    do: tuple[Action, ...]
    changes: bool  # some action changes devices
    reads: tuple[StepId, ...] = ()  # the steps whose values of the same device the actions name
    concurrency: int = Field(default=50, ge=1, le=2000)
    concurrency_per: Expr | None = None  # a device fact, each value of which ...
    concurrency_each: int | None = Field(default=None, ge=1)  # ... has at most so many devices under way
    waves: tuple[Wave, ...] = ()
    window: Window | None = None
    accept: Accept = Accept()
    budget: Literal["strict"] | None = None
    apart: Expr | None = None  # over ``device``: equal values never share a wave
    together: Expr | None = None  # over ``device``: equal values share a wave and a verdict
    order: tuple[Expr, ...] = ()  # over ``device``: sorts within a wave
    breaker: Breaker | None = None
    maintenance: Maintenance | None = None
    credential: str | None = None
    undo: tuple[UndoMethod, ...] = ("native", "inverse", "restore")  # empty: `undo: none`


class Escalate(Model):
    """Whom a gate asks next when nobody has decided; and what silence means then."""

    to: str
    timeout: Expr
    then: Literal["approve", "reject"] = "reject"


class ApproveStep(StepBase):
    """Waits for people; silence never approves unless ``on_timeout`` says so."""

    kind: Literal["approve"] = "approve"
    by: str  # a group that the worker's settings name
    quorum: int = Field(default=1, ge=1)
    not_by: tuple[Literal["requester"], ...] = ()
    binds_step: StepId | None = None
    binds_name: str | None = None
    timeout: Expr  # seconds or a duration as text
    on_timeout: Literal["approve", "reject", "escalate"] = "reject"
    escalate: Escalate | None = None
    via: str | None = None  # a system that the settings name, asked before the timer decides
    auto: Expr | None = None  # approves by itself where it holds when the gate opens; over ``bound`` too


class NotifyStep(StepBase):
    """Tells people or systems that the worker's settings name."""

    kind: Literal["notify"] = "notify"
    to: str
    template: str | None = None
    message: Expr | None = None


class HttpStep(StepBase):
    """Calls a system that the settings name (``nautobot:/api/…``), or a URL that they allow.

    Outputs: ``status``, ``json``, ``text``; in its own ``check`` they are ``result.status`` and so on.
    """

    kind: Literal["http"] = "http"
    method: Literal["get", "head", "post", "put", "patch", "delete"]
    url: Expr
    query: Expr | None = None  # a map
    headers: Expr | None = None  # a map
    json_: Expr | None = None
    status: tuple[int, ...] = ()  # what counts as success; empty: 200 to 299


class WaitStep(StepBase):
    """Waits: ``for`` a duration, ``until`` a time or a window, for a ``signal``, for ``devices`` to be reachable."""

    kind: Literal["wait"] = "wait"
    for_: Expr | None = None
    until: Expr | None = None  # ISO 8601 with an offset, as text
    window: Window | None = None
    signal: str | None = None
    payload: Mapping[str, Input] = {}  # of the signal; its fields are the step's outputs
    devices: Expr | None = None
    credential: str | None = None  # with which ``devices`` are logged in to
    limit: Expr | None = None  # how long to wait at most, where that is not given by what is waited for


class CallStep(StepBase):
    """Another definition as a child run; its ``outputs`` are the step's."""

    kind: Literal["call"] = "call"
    definition: str
    version: str  # as pinned: ``1`` or ``1.2`` or ``1.2.0``
    with_: Expr  # a map of inputs
    # How long the called run may take; none: as long as it does, for it has gates and waves of its own.
    limit_s: float | None = Field(default=None, ge=0, exclude_if=lambda value: value is None)


class ScriptStep(StepBase):
    """A program or Python function that the settings allow: JSON in, JSON out. Output: ``result``."""

    kind: Literal["script"] = "script"
    engine: Literal["script", "ansible", "awx"] = "script"
    run: str  # its name in the settings
    with_: Expr | None = None


class SetStep(StepBase):
    """Named values computed from others; they are the step's outputs."""

    kind: Literal["set"] = "set"
    values: tuple[tuple[str, Expr], ...]


Step = Annotated[
    DevicesStep | ApproveStep | NotifyStep | HttpStep | WaitStep | CallStep | ScriptStep | SetStep,
    Field(discriminator="kind"),
]
