"""Which devices the changing steps of a run name: those that it leases, and no others of its inventory. Pure.

They are asked for in one call before the first of these steps begins, when later ones may not be worked out yet. So a
step's ``devices`` counts where all that it reads has its final value by then: inputs, the inventory, the run, and steps
that have ended. Evaluated later, it yields the same. A step that reads anything else may name any device.

Devices of ``finally`` are leased by themselves, when everything else was given back.
"""

from collections.abc import Mapping

from workflows import contracts
from workflows.errors import EvaluationError, UnknownValueError
from workflows.plan import DevicesStep, HostName, StepId
from workflows.run.context import context
from workflows.run.evaluate import evaluate, truth
from workflows.run.state import DONE, RunState, StepRun
from workflows.run.unknown import Unknown
from workflows.wording import some


class NotLeasedError(Exception):
    """The guard has not given the devices, and will not. The text says why."""


def devices_named(state: RunState, asking: StepRun) -> tuple[HostName, ...]:
    """The devices that changing steps may still change, in the order of the inventory.

    Args:
        state: The run, with its plan.
        asking: The step that is about to change some. It says whether the steps or those of ``finally`` are meant.

    Returns:
        Without those that the whole run passes over; all others where some step may name any device.
    """
    final = asking.id in state.finally_
    part = state.finally_ if final else state.steps
    seen = _known(state, part)
    ready = state.plan_ready
    named: set[str] = set()
    for run in part.values():
        if not isinstance(run.step, DevicesStep) or not run.changes or _ended(run):
            continue
        try:
            # The `when` of a step of `finally` also sees the devices of the run: it is taken to hold.
            if final or run.state != "pending" or run.step.when is None or truth(run.step.when, seen):
                named |= _named(run, run.step, seen)
        except UnknownValueError:
            named.update(ready.hosts)
        except EvaluationError:
            continue  # it will fail by this, and touch nothing
    return tuple(host for host in ready.hosts if host in named and host not in ready.skipped)


def refuse_strangers(state: RunState, run: StepRun) -> None:
    """Stops a changing step that names devices which were not leased, before it touches any.

    What `devices_named` has counted does not change, so this finds a mistake of the interpreter, and nothing else. To
    ask for the rest is no way out: runs that hold some devices and wait for others may wait for each other.

    Raises:
        NotLeasedError: It names such devices.
    """
    lease = state.lease
    if not lease.held or lease.devices is None or not run.changes:
        return
    leased, skipped = frozenset(lease.devices), contracts.LETTERS["skipped"]
    strangers = [host for host, letter in run.letters.items() if host not in leased and letter != skipped]
    if strangers:
        raise NotLeasedError(
            f"executor: the step names {some(strangers, 5)}, and the run has leased its devices without; this step has "
            "changed none. This is a mistake of netsaga: please report it with the run's history"
        )


def _known(state: RunState, part: Mapping[StepId, StepRun]) -> dict[str, object]:
    """What expressions see; whoever looks at a step that has not ended is told that its outputs are unknown."""
    seen = context(state)
    steps = seen["steps"]
    assert isinstance(steps, dict), "the context lists the steps by name"
    return {**seen, "steps": {**steps, **{run.id: Unknown(run.id) for run in part.values() if not _ended(run)}}}


def _ended(run: StepRun) -> bool:
    """Whether a step has ended for good. At its deadline it may stand as failed for a moment, and be asked about."""
    return run.state in DONE and (run.step.deadline is None or run.state not in {"failed", "cancelled"})


def _named(run: StepRun, step: DevicesStep, seen: Mapping[str, object]) -> set[str]:
    if run.divided:  # its devices were set out already
        return {str(host) for host in run.letters}
    value = evaluate(step.devices, seen)
    return {str(host) for host in value} if isinstance(value, list) else set()
