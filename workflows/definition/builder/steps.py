"""Steps for people who prefer code: one function a verb. What they make is the language's own model."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, Unpack

from pydantic import JsonValue

from workflows.definition.builder.parts import make
from workflows.definition.language import Part
from workflows.definition.language import steps as language
from workflows.definition.language.actions import Action
from workflows.definition.language.fanout import DevicesStep
from workflows.definition.language.rollout import OnFailureWord, UndoMethod
from workflows.definition.language.step import Block, OnBlock

Values = Mapping[str, JsonValue]


class Common(TypedDict, total=False):
    """The keys that every step has; see the reference for each."""

    needs: Sequence[str]
    when: str
    block: Block
    on_block: OnBlock
    check: Mapping[str, str | Values]
    timeout: str
    retry: Values
    deadline: str
    on_deadline: Literal["stop", "skip", "escalate", "undo"]
    on_failure: OnFailureWord | Values


def fan_out(
    id: str,  # noqa: A002 - the language's word
    devices: str,
    *do: Action,
    order: Sequence[str] | None = None,
    waves: Sequence[int | str | Values] | None = None,
    window: Values | None = None,
    concurrency: int | Values | None = None,
    budget: Literal["strict"] | None = None,
    apart: str | None = None,
    together: str | None = None,
    accept: str | Values | None = None,
    breaker: Values | None = None,
    credential: str | None = None,
    maintenance: Mapping[str, Sequence[Part]] | None = None,
    undo: Sequence[UndoMethod] | Literal["none"] | None = None,
    **common: Unpack[Common],
) -> DevicesStep:
    """A step with `devices`: the actions, in order, on each device that the expression ``devices`` yields."""
    given = {
        "id": id, "devices": devices, "do": do, "order": order, "waves": waves, "window": window,
        "concurrency": concurrency, "budget": budget, "apart": apart, "together": together, "accept": accept,
        "breaker": breaker, "credential": credential, "maintenance": maintenance, "undo": undo,
    }  # fmt: skip
    return make(DevicesStep, f"the step `{id}`", {**given, **common})


def http(
    id: str,  # noqa: A002
    method: Literal["get", "head", "post", "put", "patch", "delete"],
    url: str,
    *,
    query: Values | None = None,
    headers: Values | None = None,
    json: JsonValue = None,
    status: Sequence[int] | None = None,
    **common: Unpack[Common],
) -> language.HttpStep:
    """Calls a system: ``SYSTEM:/path``, or a URL."""
    request = {method: url, "query": query, "headers": headers, "json_": json, "status": status}
    made = make(language.Request, f"the request of `{id}`", request)
    return make(language.HttpStep, f"the step `{id}`", {"id": id, "http": made, **common})


def approve(
    id: str,  # noqa: A002
    *,
    by: str,
    quorum: int | None = None,
    not_by: Sequence[Literal["requester"]] | None = None,
    binds: str | None = None,
    via: str | None = None,
    auto: str | None = None,
    on_timeout: Literal["approve", "reject", "escalate"] | None = None,
    escalate: Values | None = None,
    **common: Unpack[Common],
) -> language.ApproveStep:
    """Waits for people; ``timeout`` is how long they have."""
    asked = {"by": by, "quorum": quorum, "not_by": not_by, "binds": binds, "via": via, "auto": auto}
    made = make(language.Approval, f"the gate `{id}`", asked)
    given = {"id": id, "approve": made, "on_timeout": on_timeout, "escalate": escalate, **common}
    return make(language.ApproveStep, f"the step `{id}`", given)


def wait(
    id: str,  # noqa: A002
    *,
    for_: str | None = None,
    until: str | None = None,
    window: Values | None = None,
    signal: str | None = None,
    payload: Mapping[str, Values] | None = None,
    devices: str | None = None,
    **common: Unpack[Common],
) -> language.WaitStep:
    """Waits for time, for a signal, or for devices."""
    waited = {
        "for_": for_, "until": until, "window": window, "signal": signal, "payload": payload, "devices": devices,
    }  # fmt: skip
    made = make(language.Waiting, f"what `{id}` waits for", waited)
    return make(language.WaitStep, f"the step `{id}`", {"id": id, "wait": made, **common})


def call(
    id: str,  # noqa: A002
    definition: str,
    with_: Values | None = None,
    **common: Unpack[Common],
) -> language.CallStep:
    """Runs another definition, ``NAME@VERSION``, as a child run."""
    return make(language.CallStep, f"the step `{id}`", {"id": id, "call": definition, "with_": with_, **common})


def script(
    id: str,  # noqa: A002
    name: str,
    with_: Values | None = None,
    **common: Unpack[Common],
) -> language.ScriptStep:
    """Runs a program or a Python function that the settings allow."""
    return make(language.ScriptStep, f"the step `{id}`", {"id": id, "script": name, "with_": with_, **common})


def ansible(
    id: str,  # noqa: A002
    name: str,
    with_: Values | None = None,
    **common: Unpack[Common],
) -> language.AnsibleStep:
    """Runs a playbook of Ansible's that the settings allow."""
    return make(language.AnsibleStep, f"the step `{id}`", {"id": id, "ansible": name, "with_": with_, **common})


def awx(
    id: str,  # noqa: A002
    name: str,
    with_: Values | None = None,
    **common: Unpack[Common],
) -> language.AwxStep:
    """Launches a template of AWX that the settings allow."""
    return make(language.AwxStep, f"the step `{id}`", {"id": id, "awx": name, "with_": with_, **common})


def notify(
    id: str,  # noqa: A002
    to: str,
    message: str | None = None,
    *,
    template: str | None = None,
    **common: Unpack[Common],
) -> language.NotifyStep:
    """Tells people or systems."""
    told = make(language.Notification, f"what `{id}` tells", {"to": to, "message": message, "template": template})
    return make(language.NotifyStep, f"the step `{id}`", {"id": id, "notify": told, **common})


def set_(
    id: str,  # noqa: A002
    values: Values,
    **common: Unpack[Common],
) -> language.SetStep:
    """Names values computed from others."""
    return make(language.SetStep, f"the step `{id}`", {"id": id, "set": dict(values), **common})
