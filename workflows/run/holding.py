"""A wave whose devices stay unconfirmed until the whole of it has passed: how long that may take. Pure.

The devices count from before their own commit. The run counts from when the wave began, which is earlier, so it never
believes in time that a device does not give (device-safety 4).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from workflows.plan import ApplyAction, ConfigureAction, Confirm, DevicesStep, HostName, limits

HELD: Final = frozenset({"wave", "best_effort"})


def hold_of(step: DevicesStep) -> Confirm | None:
    """The confirm that waits for the whole wave, if the step has one; of several the one that ends first."""
    found = [
        action.confirm
        for action in step.do
        if isinstance(action, ApplyAction | ConfigureAction) and action.confirm and action.confirm.hold in HELD
    ]
    return min(found, key=lambda confirm: confirm.within_s, default=None)


def confirm_seconds(step: DevicesStep, devices: int, concurrency: int) -> float:
    """How long the confirm pass takes at the longest: a log-in, the checks that follow the change, the confirm."""
    last = max(index for index, action in enumerate(step.do) if isinstance(action, ApplyAction | ConfigureAction))
    return limits.confirm_seconds(step.timeout_s, len(step.do) - 1 - last) * -(-devices // max(concurrency, 1))


def confirm_until(step: DevicesStep, hosts: Sequence[HostName], concurrency: int, began: datetime) -> datetime | None:
    """When confirming must begin at the latest; None where nothing is held."""
    hold = hold_of(step)
    if hold is None:
        return None
    return began + timedelta(seconds=hold.within_s - confirm_seconds(step, len(hosts), concurrency))
