"""Steps: one model a verb. That of `devices` is in `fanout.py`, what all have in `step.py`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Strict, Tag

from workflows.definition.language.fanout import DevicesStep
from workflows.definition.language.inputs import Input
from workflows.definition.language.part import Kind, Part, key
from workflows.definition.language.rollout import (
    Escalation,
    WaitWindow,
)
from workflows.definition.language.step import Step, TimedStep
from workflows.definition.language.values import (
    Bare,
    BoundPath,
    Duration,
    MapValue,
    Name,
    Soon,
    Template,
    Text,
    Value,
    Values,
)

Status = Annotated[int, Strict(), Field(ge=100, le=599), Kind("status code")]
Instant = Annotated[
    str,
    Strict(),
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$|\$\{\{"),
    Kind("time with its offset, in quotes, or `${{ }}`"),
]
Pinned = Annotated[
    str,
    Strict(),
    Field(pattern=r"^[a-z0-9][a-z0-9._-]*@[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z.-]+)?$"),
    Kind("`NAME@VERSION`"),
]


class Request(Part):
    """One call of a system. Exactly one method is given."""

    ONE_OF = ("get", "head", "post", "put", "patch", "delete")

    get: Text | None = key(
        "Where to: `SYSTEM:/path`, a system that the settings name, or a URL that they allow.",
        examples=["nautobot:/api/ipam/vlans/"],
    )
    head: Text | None = key("As `get`, without a body in the answer.", examples=["nautobot:/api/status/"])
    post: Text | None = key("Where to.", examples=["itsm:/api/now/table/change_request"])
    put: Text | None = key("Where to.", examples=["nautobot:/api/ipam/vlans/${{ inputs.vlan_id }}/"])
    patch: Text | None = key("Where to.", examples=["nautobot:/api/ipam/vlans/${{ inputs.vlan_id }}/"])
    delete: Text | None = key("Where to.", examples=["nautobot:/api/ipam/vlans/${{ inputs.vlan_id }}/"])
    query: MapValue | None = key(
        "What follows the `?`; values are encoded.", examples=[{"vid": "${{ inputs.vlan_id }}"}]
    )
    headers: MapValue | None = key(
        "Headers. Credentials come from the settings.", examples=[{"Accept": "application/json"}]
    )
    json_: Value = key("The body, sent as JSON.", alias="json", examples=[{"state": "closed"}])
    status: Annotated[tuple[Status, ...], Field(min_length=1)] | Status | None = key(
        "The status codes that are a success.", otherwise="200 to 299", examples=[[200, 404]]
    )


class HttpStep(TimedStep):
    """Calls a system. Outputs: `status`, `json`, `text`, `body`; its own `check` says `result.status` and so on."""

    http: Request = key("The request.", needed=True, examples=[{"get": "nautobot:/api/ipam/vlans/"}])


class Approval(Part):
    """Who is asked, and about what."""

    by: Text = key("A group that the worker's settings name.", needed=True, examples=["netops-leads"])
    quorum: Annotated[int, Strict(), Field(ge=1, le=100), Kind("integer from 1 to 100")] | None = key(
        "How many of them. A person counts once; `Rita` and `rita` are one person.", default=1, examples=[2]
    )
    not_by: tuple[Literal["requester"], ...] | Literal["requester"] | None = key(
        "Who may not: `requester` is the one who asked for the run. A run that does not say who (`by`) "
        "is refused: at once, or, where the gate has `when` or `auto`, when it is reached and would ask.",
        examples=[["requester"]],
    )
    binds: BoundPath | None = key(
        "The proposed changes that are approved. A device that moved since is refused as `drifted`.",
        examples=["steps.precheck.change"],
    )
    via: Text | None = key(
        "A system that the settings name, with `approval` there; it is asked when the gate opens, again and again, and "
        "a last time before the timer decides. Where it cannot be reached, people may still decide.",
        examples=["servicenow"],
    )
    auto: Bare | None = key(
        "When the gate approves itself: a boolean expression, judged once, when it opens. It also sees `bound`, the "
        "changes that `binds` names: `devices`, `groups` of equal ones, and how many were `computed` by the device, "
        "`modelled` or `unavailable`. Where it does not hold, people are asked.",
        examples=["bound.unavailable == 0 and steps.precheck.warnings == 0"],
    )


class ApproveStep(Step):
    """Waits for people. Silence approves nothing, unless `on_timeout` says so; a `deadline` that passes rejects."""

    LAST = (
        "timeout", "on_timeout", "escalate", *(name for name in Step.LAST if name != "timeout"),
    )  # fmt: skip

    approve: Approval = key("Who, and about what.", needed=True, examples=[{"by": "netops-leads"}])
    timeout: Soon = key(
        "How long they have. A decision that is sent by signal while no worker is up is judged when one is, and counts "
        "although the time has passed meanwhile: silence decides only where nobody has spoken.",
        needed=True,
        examples=["30m", "${{ inputs.approval_timeout }}"],
    )
    on_timeout: Literal["approve", "reject", "escalate"] | None = key(
        "What silence means.", default="reject", examples=["escalate"]
    )
    # Fewer words than elsewhere, in a model that is frozen.
    on_deadline: Literal["stop", "escalate", "undo"] | None = key(  # pyright: ignore[reportIncompatibleVariableOverride]
        "What a `deadline` does that passes before anybody has decided. The gate is rejected then, also where "
        "`on_failure` is `continue`; there is no `skip`, for nobody has approved. `undo` takes back what `on_failure` "
        "names, and `escalate` asks the next group at once.",
        default="stop",
        examples=["escalate"],
    )
    escalate: Escalation | None = key(
        "With `on_timeout: escalate`: whom to ask next.",
        examples=[{"to": "netops-managers", "timeout": "2h", "then": "reject"}],
    )


class Waiting(Part):
    """What is waited for: one of these."""

    ONE_OF = ("for", "until", "window", "signal", "devices")

    for_: Soon | None = key("A duration.", alias="for", examples=["5m"])
    until: Instant | None = key("A time, with its offset.", examples=["2026-12-01T02:00:00+01:00"])
    window: WaitWindow | None = key(
        "A change window. One that has closed before the run could go on, which was paused or had no worker, is waited "
        "for again.",
        examples=[{"cron": "0 22 * * 6", "duration": "6h"}],
    )
    signal: Name | None = key("A signal of this name, sent to the run.", examples=["burn_in_done"])
    payload: dict[Name, Input] | None = key(
        "What the signal carries, each field as an input; the fields are the step's outputs.",
        examples=[{"passed": {"type": "boolean"}}],
    )
    devices: Bare | None = key("Devices, until all answer a login.", examples=["steps.reload.succeeded"])


class WaitStep(Step):
    """Waits for time, for a signal, or for devices. `timeout` is how long at most."""

    wait: Waiting = key("What for.", needed=True, examples=[{"for": "5m"}])
    timeout: Soon | None = key(
        "How long to wait at most. A time or a window that is further away fails the step at once.", examples=["2h"]
    )


class CallStep(TimedStep):
    """Runs another definition as a child run. Its `outputs` are the step's."""

    timeout: Duration | None = key(
        "How long the called run may take. Then it is cancelled, takes back what its definition says, and this step "
        "has failed.",
        otherwise="as long as it takes",
        examples=["4h"],
    )
    call: Pinned = key("Which, its version pinned.", needed=True, examples=["close-ticket@1"])
    with_: Values | None = key("Its inputs.", alias="with", examples=[{"ticket": "${{ inputs.ticket }}"}])


class ScriptStep(TimedStep):
    """Runs a program or a Python function that the settings allow: JSON in, JSON out. Outputs: `result`, `log`."""

    script: Text = key("Its name in the settings.", needed=True, examples=["reserve_prefix"])
    with_: MapValue | None = key("What goes in.", alias="with", examples=[{"site": "${{ inputs.building }}"}])


class AnsibleStep(TimedStep):
    """Runs a playbook of Ansible's that the settings allow. Outputs: `result`, `log`."""

    ansible: Text = key("Its name in the settings.", needed=True, examples=["backup_configs"])
    with_: MapValue | None = key(
        "Its variables; `limit` among them is no variable, but the hosts: a pattern, or a list of names.",
        alias="with",
        examples=[{"site": "${{ inputs.building }}"}],
    )


class AwxStep(TimedStep):
    """Launches a template of AWX that the settings allow. Outputs: `result`, `log`."""

    awx: Text = key("Its name in the settings.", needed=True, examples=["patch_window"])
    with_: MapValue | None = key(
        "Its variables; `limit` among them is no variable, but the hosts: a pattern, or a list of names.",
        alias="with",
        examples=[{"limit": "${{ inputs.building }}"}],
    )


class Notification(Part):
    """Whom to tell, and what."""

    ONE_OF = ("template", "message")

    to: Text = key("A receiver that the worker's settings name.", needed=True, examples=["netops"])
    template: Template | None = key("A Jinja2 template beside the definition.", examples=["summary.md.j2"])
    message: Text | None = key(
        "Instead of a template: the text.", examples=["${{ run.verdict }}: ${{ inputs.ticket }}"]
    )


class NotifyStep(TimedStep):
    """Tells people or systems."""

    notify: Notification = key("Whom, and what.", needed=True, examples=[{"to": "netops", "message": "done"}])


class SetStep(TimedStep):
    """Names values computed from others; they are the step's outputs."""

    set: Annotated[dict[Name, Value], Field(min_length=1), Kind("map of a name to any value, `${{ }}` in it")] = key(
        "Names and values.", needed=True, examples=[{"total": "${{ steps.precheck.total }}"}]
    )


STEPS: Mapping[str, type[Step]] = {
    "devices": DevicesStep,
    "http": HttpStep,
    "approve": ApproveStep,
    "wait": WaitStep,
    "call": CallStep,
    "script": ScriptStep,
    "ansible": AnsibleStep,
    "awx": AwxStep,
    "notify": NotifyStep,
    "set": SetStep,
}


def verb_of_step(value: object) -> str | None:
    """Which verb a map or a part has; None where it has none."""
    if isinstance(value, Step):
        return next((verb for verb, part in STEPS.items() if type(value) is part), None)
    return next((verb for verb in STEPS if isinstance(value, Mapping) and verb in value), None)


AnyStep = Annotated[
    Annotated[DevicesStep, Tag("devices")]
    | Annotated[HttpStep, Tag("http")]
    | Annotated[ApproveStep, Tag("approve")]
    | Annotated[WaitStep, Tag("wait")]
    | Annotated[CallStep, Tag("call")]
    | Annotated[ScriptStep, Tag("script")]
    | Annotated[AnsibleStep, Tag("ansible")]
    | Annotated[AwxStep, Tag("awx")]
    | Annotated[NotifyStep, Tag("notify")]
    | Annotated[SetStep, Tag("set")],
    Discriminator(
        verb_of_step,
        custom_error_type="no_verb",
        custom_error_message="a step needs a verb: " + ", ".join(STEPS),
    ),
]
