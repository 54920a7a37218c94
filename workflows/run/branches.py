"""Branches that end badly together: what the ``on_failure`` of each takes back, as one undo in one order.

One step ends the run, and its message is the run's. Others were under way beside it: they failed, too, or were ended by
its failure or by a cancel, with a part of their devices changed. Each of them answers with its own ``on_failure``.
Beside the interpreter, which remembers such steps; how devices are taken back is `saga.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from workflows import contracts
from workflows.plan import CallStep, HostName, OnFailure, StepId
from workflows.run import saga
from workflows.run.saga import Holds, Recall, Round
from workflows.run.state import RunState, StepRun

Ended = Sequence[tuple[StepRun, OnFailure]]
_SAID: Final[Mapping[str, str]] = {"cancelled": "was cancelled", "rejected": "was rejected"}


def answers(state: RunState, run: StepRun) -> bool:
    """Whether a step that ended badly after another one answers for itself.

    One that was only waiting or asking, and is no longer because another step failed, has not failed. A run that it
    had called may have changed devices.
    """
    return run.state != "cancelled" or state.cut or isinstance(run.step, CallStep)


async def undo(state: RunState, ended: Ended, changed: Callable[[], None]) -> str:
    """Takes back what these steps ask for, each with its own scope, and says in a sentence what came of it.

    Args:
        state: The run, quiet: nothing else is under way.
        ended: The steps and what each asks for, all of it an undo; the one that ended the run first.
        changed: Called whenever somebody who looks would see a difference.

    Raises:
        HandOverError: The run continues as new; called again, it goes on.
    """
    if len(ended) == 1:
        return await saga.undo(state, *ended[0], changed)
    why = " and ".join(f"step {run.id} {_SAID.get(run.state, 'failed')}" for run, _ in ended)
    said = await saga.carry_out(state, partial(in_order, state, ended), f"taken back because {why}", changed)
    joined = [one for run in state.steps.values() for one in run.runs if one.state == "joined"]
    whole = any(on_failure.scope == "run" for _, on_failure in ended)
    others = [f"run {one.workflow_id} stands: {one.message}" for one in joined if whole]
    return "; ".join([said or _nothing_left(ended), *others])


def in_order(state: RunState, ended: Ended, holds: Holds = saga.holds_its_change) -> list[Round | Recall]:
    """What several steps ask to be taken back, in the order in which a whole run is. Pure.

    Args:
        state: The run.
        ended: The steps and what each asks for.
        holds: Which of the devices in their scopes.
    """
    asked = [one for run, on_failure in ended for one in saga.rounds(state, run, on_failure, holds)]
    runs = {(one.step.id, one.place) for one in asked if isinstance(one, Recall)}
    hosts = {(one.step.id, host) for one in asked for host in one.hosts}
    found: list[Round | Recall] = []
    for one in saga.rounds_of_run(state, holds):
        match one:
            case Recall() if (one.step.id, one.place) in runs:
                found.append(one)
            case Round() if mine := _of(one, hosts):
                found.append(Round(one.step, one.wave, mine))
    return found


def _of(one: Round, hosts: set[tuple[StepId, HostName]]) -> tuple[HostName, ...]:
    return tuple(host for host in one.hosts if (one.step.id, host) in hosts)


def _nothing_left(ended: Ended) -> str:
    """Why nothing is to be taken back; what could not be is named."""
    left = [host for run, _ in ended for host in run.hosts_with({saga.UNDO_FAILED})]
    undone = any(run.hosts_with({contracts.LETTERS["undone"]}) for run, _ in ended)
    said = "what had failed was undone at once" if undone else "" if left else "there was nothing to undo"
    return "; ".join(filter(None, (said, saga.not_undone(list(dict.fromkeys(left))))))
