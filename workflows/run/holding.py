"""A wave whose devices stay unconfirmed until the whole of it has passed: how long that may take. Pure.

The devices count from before their own commit. The run counts from when the wave began, which is earlier, so it never
believes in time that a device does not give (device-safety 4).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from workflows.plan import ApplyAction, ConfigureAction, Confirm, DevicesStep, HostName, limits

HELD: Final = frozenset({"wave", "best_effort"})
SETTLES: Final = limits.LIMITED  # kinds of actions that a device may take for the confirmation of what was held


def hold_of(step: DevicesStep) -> Confirm | None:
    """The confirm that waits for the whole wave, if the step has one; of several the one that ends first."""
    found = [
        action.confirm
        for action in step.do
        if isinstance(action, ApplyAction | ConfigureAction) and action.confirm and action.confirm.hold in HELD
    ]
    return min(found, key=lambda confirm: confirm.within_s, default=None)


def stays_inside(step: DevicesStep) -> bool:
    """Whether a device stays in its maintenance until its change is confirmed: leaving it would settle the change."""
    leave = step.maintenance.leave if step.maintenance is not None else ()
    return hold_of(step) is not None and any(action.kind in SETTLES for action in leave)


def must_end(step: DevicesStep, mode: str) -> str:
    """Why a wave that has begun goes on to its end during a pause, which then acts between waves; empty where not."""
    if hold_of(step) is not None and mode == "apply":
        return "its devices are confirmed as a whole, in time"
    return "" if step.window is None else "it was begun to end inside its change window"


def confirm_seconds(step: DevicesStep, devices: int, concurrency: int) -> float:
    """How long the confirm pass takes at the longest: a log-in, the checks that follow the change, the confirm.

    And the way out of the maintenance, where a device stays inside until then.
    """
    last = max(index for index, action in enumerate(step.do) if isinstance(action, ApplyAction | ConfigureAction))
    after = len(step.do) - 1 - last
    after += len(step.maintenance.leave) if step.maintenance is not None and stays_inside(step) else 0
    return limits.confirm_seconds(step.timeout_s, after) * -(-devices // max(concurrency, 1))


def confirm_until(step: DevicesStep, hosts: Sequence[HostName], concurrency: int, began: datetime) -> datetime | None:
    """When confirming must begin at the latest; None where nothing is held."""
    hold = hold_of(step)
    if hold is None:
        return None
    return began + timedelta(seconds=hold.within_s - confirm_seconds(step, len(hosts), concurrency))
