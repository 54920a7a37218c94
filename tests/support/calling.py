"""Definitions that call others, in a world of scripted devices, and what is taken back of them."""

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from typing import Final, TypeVar

from temporalio import activity

from guarded import Guarded, guarded
from plans import plan
from scripted import World
from workflows.contracts import CalledRun, DeviceOutcome, InteractInput, RunResult, UndoInfo
from workflows.errors import failure
from workflows.plan import CallStep, Constant, HttpStep, MapOf, OnFailure, Plan, Step, StepId

HOSTS: Final = ("sw1", "sw2")
RUN: Final = OnFailure(action="undo", scope="run")
W = TypeVar("W", bound=World)
CLOSE: Final = HttpStep(id=StepId("close"), method="get", url=Constant(value="itsm:/"), on_failure=RUN)


def call(name: str, definition: str, on_failure: OnFailure = RUN) -> CallStep:
    """A step that calls a definition."""
    nothing = MapOf(items=())
    return CallStep(id=StepId(name), definition=definition, version="1", with_=nothing, on_failure=on_failure)


def chained(*steps: Step) -> tuple[Step, ...]:
    """One after the other."""
    following = [step.model_copy(update={"needs": (before.id,)}) for before, step in pairwise(steps)]
    return (*steps[:1], *following)


def world_of(outer: tuple[Step, ...], hosts: tuple[str, ...] = HOSTS, **called: tuple[Step, ...]) -> World:
    """Definitions by name, ``inner`` as ``inner@1``; steps are known by their ids, whosever they are."""
    return _with_definitions(World(_all(outer, called), hosts), outer, called)


def guarded_world_of(outer: tuple[Step, ...], hosts: tuple[str, ...] = HOSTS, **called: tuple[Step, ...]) -> Guarded:
    """The same, and its devices are leased by a real guard."""
    return _with_definitions(guarded(_all(outer, called), hosts), outer, called)


def _all(outer: tuple[Step, ...], called: Mapping[str, tuple[Step, ...]]) -> Plan:
    return plan(*(step for steps in (outer, *called.values()) for step in steps))


def _with_definitions(world: W, outer: tuple[Step, ...], called: Mapping[str, tuple[Step, ...]]) -> W:
    plans = {f"{name}@1": plan(*chained(*steps), name=name) for name, steps in called.items()}
    world.plans = {"test": plan(*chained(*outer)), **plans}
    world.answers["close"] = failure("check_failed", "the ticket is closed")
    return world


def undone(world: World) -> list[tuple[str, str]]:
    """Steps and devices that were taken back, in order."""
    return [(step, host) for kind, step, host in world.calls if kind == "undo"]


def called_by(result: RunResult, step: str) -> CalledRun:
    """What a step has called at last."""
    return next(one for one in result.steps if one.id == step).runs[-1]


class SlowUndo:
    """A device that is taken back when the test lets it."""

    def __init__(self, world: World) -> None:
        self.world, self.begun, self.go_on = world, asyncio.Event(), asyncio.Event()

    async def __call__(self, call: InteractInput) -> DeviceOutcome:
        """Waits, and is taken back."""
        self.begun.set()
        while not self.go_on.is_set():
            activity.heartbeat()
            await asyncio.sleep(0.05)
        self.world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))
