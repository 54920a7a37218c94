"""The step with `devices`: which devices, how many at once, in which waves, and what is done on each."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from workflows.definition.language.actions import AnyAction
from workflows.definition.language.part import Kind, Part, key
from workflows.definition.language.rollout import (
    Accept,
    AcceptText,
    Breaker,
    Concurrency,
    Undo,
    Wave,
    Window,
)
from workflows.definition.language.step import TimedStep
from workflows.definition.language.values import (
    Bare,
    Count,
    Share,
    Text,
)

Width = Annotated[int, Strict(), Field(ge=1, le=2000), Kind("integer from 1 to 2000")]


class Maintenance(Part):
    """Actions around those of `do`."""

    enter: Annotated[tuple[AnyAction, ...], Field(min_length=1)] | None = key(
        "Before them, as draining a device.", examples=[[{"configure": {"lines": ["maintenance", "  quiesce"]}}]]
    )
    leave: Annotated[tuple[AnyAction, ...], Field(min_length=1)] | None = key(
        "After them; they always run, whatever failed. Where they commit, a change held for its wave is settled first.",
        examples=[[{"configure": {"lines": ["no maintenance"]}}]],
    )


class DevicesStep(TimedStep):
    """Fans out over devices: all actions of `do`, in order, in one session on each."""

    devices: Bare = key(
        "Which devices: an expression that yields names of devices.",
        needed=True,
        examples=["inventory", "steps.precheck.succeeded"],
    )
    order: tuple[Bare, ...] | Bare | None = key(
        "Sorts the devices of a wave, by expressions over `device`. An undo goes the other way.",
        examples=[["device.data.depth"]],
    )
    waves: Annotated[tuple[Wave | Count | Share, ...], Field(min_length=1)] | None = key(
        "Groups of devices, one after the other; `accept` is judged after each. Without waves all are one group.",
        examples=[[1, "10%", {"name": "rest", "size": "100%"}]],
    )
    window: Window | None = key(
        "When waves may start.", examples=[{"cron": "0 22 * * 1-5", "duration": "4h", "time_zone": "Europe/Berlin"}]
    )
    concurrency: Width | Concurrency | None = key(
        "How many devices are under way at the same time.",
        default=50,
        examples=[100, {"total": 50, "per": "device.site", "each": 5}],
    )
    budget: Literal["strict"] | None = key(
        "`strict` also caps the devices under way at the failures still allowed, and one.", examples=["strict"]
    )
    apart: Bare | None = key(
        "Devices with the same value, over `device`, never share a wave.", examples=["device.data.mlag_pair"]
    )
    together: Bare | None = key(
        "Devices with the same value, over `device`, share a wave and a verdict. In a step that changes devices "
        "`accept: any` excludes it: that takes back what has not ended at the first success.",
        examples=["device.data.stack"],
    )
    accept: AcceptText | Accept | None = key(
        "How many devices must succeed, in each wave and in total. `any` ends the step at the first success: what is "
        "under way then ends, what it has changed is taken back, and none of that is a failure.",
        default="all",
        examples=["all", {"succeeded": ">= 95%"}, "<= 3 failed"],
    )
    breaker: Breaker | None = key(
        "Starts no new device after so many failures within so long.", examples=[{"failures": 3, "within": "2m"}]
    )
    credential: Text | None = key(
        "The name of the credential; its value comes from the worker's secret store. That of the inventory wins.",
        examples=["device_rw"],
    )
    maintenance: Maintenance | None = key(
        "Actions before and after those of `do`.",
        examples=[{"enter": [{"run": "drain"}], "leave": [{"run": "undrain"}]}],
    )
    do: Annotated[tuple[AnyAction, ...], Field(min_length=1)] = key(
        "The actions on each device, in their order.", needed=True, examples=[[{"show": "show version"}]]
    )
    undo: Undo | None = key(
        "The ways to take a change back, tried in this order: `native` (the device's own), `inverse` (the inverse "
        "change), "
        "`restore` (the configuration before). `none` forbids it. A step that changes devices must say it. Only what "
        "`apply` and `configure` do is ever taken back.",
        default=["native", "inverse", "restore"],
        examples=[["native", "inverse"], "none"],
    )
