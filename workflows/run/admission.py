"""A step that changes devices is let in: first its change window opens, then its devices become this run's.

The other way round a run would keep the devices of a whole campus from all others while it waits for the night. So it
holds none while it waits, and stands in the queue for them only as long as its first wave may still begin. What it is
given too late, it gives back. A run that has begun to change devices keeps all of them to its end, also while a later
step or wave waits for its window: the change may have to be undone, and the devices must be as the run has left them.
"""

from temporalio import workflow

from workflows.plan import DevicesStep
from workflows.run.leases import DeviceLeases
from workflows.run.opening import WINDOW_FIRST
from workflows.run.rollout import Rollout
from workflows.run.state import RunState, StepRun


def window_first(run: StepRun) -> bool:
    """Whether a step waits for its window before it asks for its devices; not where it has begun to change them."""
    if not isinstance(run.step, DevicesStep) or not run.changes or run.step.window is None:
        return False
    return not run.begun and workflow.patched(WINDOW_FIRST)


async def admitted(state: RunState, run: StepRun, rollout: Rollout, leases: DeviceLeases) -> bool:
    """Waits for the window of the first wave, then for the devices, until both are there at one time.

    Returns:
        Whether the step goes on: with its devices, or to its end without, where no wave is to begin. False where it was
        cancelled, with the message set.

    Raises:
        NotLeasedError: The guard cannot be asked, or refuses.
        EvaluationError: The step's ``devices`` or a soak has no value.
        HandOverError: The run continues as new; called again, it goes on.
    """
    wave, opening = await rollout.first_wave(), rollout.opening
    while wave is None or await opening.opened(wave):
        begin_by = None if wave is None else opening.begin_by(wave)
        held = await leases.hold(run, begin_by=begin_by)
        if state.stopped(run):
            run.state, run.message = "cancelled", f"cancelled while it {run.message or 'waited for devices'}"
            return False
        await rollout.unpaused()
        if held and (wave is None or opening.timely(wave)):
            rollout.bar()
            return True
        await leases.put_back(run)
    if state.cut:
        run.state, run.message = "cancelled", "cancelled while it waited for its change window"
        return False
    return True
