"""Whether the devices of a run are of platforms whose configuration is replaced as a whole; asked before the run.

How a platform does it, and why another does not, is the device library's to say.
"""

from collections.abc import Sequence

from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.platforms.replacing import refused
from workflows.contracts import Device
from workflows.errors import InvalidInputError
from workflows.plan import ConfigureAction, DevicesStep, ProposeAction, Step


def check_replacements(steps: Sequence[Step], devices: Sequence[Device]) -> None:
    """Refuse ``mode: replace`` where a device of the run cannot be meant.

    Args:
        steps: The plan's.
        devices: Of the run; steps may take up some of them only, which nobody knows before they run.

    Raises:
        InvalidInputError: All of them are of platforms that replace nothing; the message says why.
    """
    replacing = [step for step in steps if isinstance(step, DevicesStep) and _replaces(step)]
    if not replacing or not devices:
        return
    reasons = {name: refused(name) for name in PLATFORMS if any(device.platform == name for device in devices)}
    if any(reason is None for reason in reasons.values()):
        return  # a device of another platform is refused as it is proposed for, by name
    named = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    raise InvalidInputError(f"step `{replacing[0].id}`: `mode: replace` is for none of these devices. {named}.")


def _replaces(step: DevicesStep) -> bool:
    around = (*step.maintenance.enter, *step.maintenance.leave) if step.maintenance is not None else ()
    return any(
        isinstance(action, ProposeAction | ConfigureAction) and action.mode == "replace"
        for action in (*step.do, *around)
    )
