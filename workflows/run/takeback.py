"""A run that takes back what another one has changed, which the same caller had called (`called.py`).

It takes up the state of that run instead of preparing a definition, leases its devices anew, undoes the scope ``run``
of it in its partial order, and closes as any run does, with a record of its own. The journal knows what was done under
the name of the other run, so whatever is asked of a device is asked in that one's name. It is not cut short: a cancel
ends its waiting for devices that another run has, and nothing after that.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows.errors import failure
from workflows.plan import HostName, StepId
from workflows.run import called, calls, closing, saga
from workflows.run.handover import kept_text
from workflows.run.leases import DeviceLeases
from workflows.run.named import NotLeasedError
from workflows.run.reports import LENGTH
from workflows.run.snapshot import restore
from workflows.run.state import IN_BETWEEN, LeaseRun, RunState, StepRun
from workflows.run.waiting import until
from workflows.wording import because, shortened


async def begin(state: RunState, listen: Callable[[], None], changed: Callable[[], None]) -> None:
    """Takes up what the other run has kept: its plan, its inventory, and where each device stands in each step.

    Args:
        state: The run, of which nothing is known but its request.
        listen: Called when the plan is there, and with it the names that messages may have.
        changed: Called whenever somebody who looks would see a difference.

    Raises:
        ApplicationError: ``block_unavailable``: it cannot be read. No device was touched.
    """
    back = state.request.takes_back
    assert back is not None, "begun without a run to take back"
    other = RunState(scope=state.scope, started=state.started)
    try:
        restore(other, await kept_text(state.scope, back.pieces, calls.STORE_RETRY))
    except ActivityError as error:
        state.phase = "closed"
        state.message = f"executor: what run {back.workflow_id} has kept cannot be read: {error.cause}"
        raise failure("block_unavailable", f"{state.message}. No device was touched.") from None
    state.prepared, state.planned, state.steps = other.prepared, other.planned, _changed_by(other)
    state.effects = other.effects or other.scope
    state.mends = [*other.mends, other.scope.run]
    state.scope = state.scope.model_copy(update={"definition": state.plan_ready.plan.name})
    for run in state.steps.values():
        run.folds, run.undo_folds, run.asks, run.overdue = [], [], False, False
    # What has failed there was reported by that run; of what could not be taken back, `carry_out` tells.
    state.lease = LeaseRun(reported=list(state.steps))
    state.phase, state.message = "running", f"takes back run {back.workflow_id}"
    listen()
    changed()


async def carry_out(state: RunState, leases: DeviceLeases, changed: Callable[[], None]) -> None:
    """Takes everything back. Entered again after the run has continued as new, it goes on.

    Raises:
        HandOverError: The run continues as new.
    """
    back = state.request.takes_back
    assert back is not None, "carried out without a run to take back"
    in_order = partial(saga.rounds_of_run, state)
    due = [*in_order(saga.holds_its_change), *in_order(saga.out_of_reach)]
    try:
        if due:
            await _lease(state, due, leases, changed)
    except NotLeasedError as error:
        _report_all(state, due, f"run {back.workflow_id} was not taken back: {error}")
        return
    said = await saga.carry_out(state, in_order, state.request.reason, changed, again=back.again)
    state.message = said or "there was nothing to undo"
    state.unreached = bool(in_order(saga.out_of_reach))
    _report(state, back.workflow_id)


def waits(state: RunState) -> bool:
    """Whether it waits for devices that another run has: nothing is begun, and an operator may call it off."""
    lease = state.lease
    return lease.asked and not (lease.held or lease.doubted) and state.verdict is None


def may_be_cut(state: RunState) -> bool:
    """Whether a cancel cuts what a run does; an undo goes on, once it has its devices, and what is done is done."""
    if state.request.takes_back is None:
        return not closing.too_late(state)
    return waits(state) and workflow.patched("an-undo-that-waits-is-called-off")


def _changed_by(other: RunState) -> dict[StepId, StepRun]:
    """The steps of a run that may have changed something, in order; its ``finally`` came last, and goes first."""
    final = [run for run in other.finally_.values() if run.runs or run.changes]
    with_last = bool(final) and workflow.patched(called.FINALLY)
    return {**other.steps, **other.finally_} if with_last else other.steps


async def _lease(
    state: RunState, due: Sequence[saga.Round | saga.Recall], leases: DeviceLeases, changed: Callable[[], None]
) -> None:
    """Waits for the devices that are to be touched; what called runs have changed is leased by their own undo.

    The step shows that meanwhile, and then again what it has come to in its own run.
    """
    run, hosts = due[0].step, _hosts(due)
    if not hosts and workflow.patched("an-undo-leases-what-it-touches"):
        return
    before = run.state, run.message
    try:
        held = await _held(state, run, partial(leases.hold, run, hosts), changed)
    finally:
        run.state, run.message = before
    if not held:
        raise NotLeasedError(f"cancelled while it waited for devices{because(state.cut_reason)}")


async def _held(
    state: RunState, run: StepRun, hold: Callable[[], Awaitable[bool]], changed: Callable[[], None]
) -> bool:
    """Asks for as long as an undo is tried: a circle of waits is one no more when another run in it has ended."""
    lease, policy = state.lease, calls.UNDO_RETRY
    while True:
        if lease.asks_at is not None:
            run.state, run.message = "waiting", f"waits, and asks for its devices again: {lease.refused}"
            changed()
            if await until(state, lambda: state.cut, lease.asks_at, "ask for the devices again"):
                return False
            lease.asks_at, lease.refusals = None, lease.refusals + 1
        try:
            return await hold()
        except NotLeasedError:
            spent = lease.refusals + 1 >= policy.maximum_attempts
            if spent or not lease.circle or not workflow.patched("an-undo-asks-again"):
                raise
        if state.cut:
            return False
        lease.asks_at = workflow.now() + calls.delay(policy, lease.refusals)


def _hosts(due: Sequence[saga.Round | saga.Recall]) -> list[HostName]:
    """The devices of some rounds, each once."""
    return list(dict.fromkeys(host for one in due for host in one.hosts))


def _report_all(state: RunState, due: Sequence[saga.Round | saga.Recall], said: str) -> None:
    """Says which devices stand as they were left, and notes them for the guard: no run may build upon that."""
    hosts = _hosts(due)
    state.message = "; ".join(filter(None, (said, saga.not_undone(hosts))))
    for host in hosts:
        state.lease.dirty[host] = shortened(said, LENGTH)


def _report(state: RunState, other: str) -> None:
    """Notes for the guard which devices could not be taken back: no run changes them until somebody has looked."""
    for step, hosts in state.undoing.items():
        run = state.steps[step]
        for host in hosts:
            info = run.messages.get(host)
            if run.letters[host] in IN_BETWEEN:
                said = f"step {step} of run {other}: {info.message if info else 'it was not taken back'}"
                state.lease.dirty[host] = shortened(said, LENGTH)
