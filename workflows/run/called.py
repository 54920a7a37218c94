"""Runs that a step has called: what each has left on devices, and how its caller has that taken back.

A called run that leaves something keeps its state at its end, as a run does that continues as new, and hands its caller
the references. To take it back the caller starts one more run of the generic workflow, which takes that state up
(`takeback.py`): nothing of a called run's devices travels through its caller.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowHandle

from workflows import contracts
from workflows.contracts import (
    CalledRecord,
    CalledRun,
    FollowInput,
    FollowResult,
    Holder,
    Left,
    RunId,
    RunRequest,
    RunResult,
    TakeBack,
)
from workflows.run import calls, handover, verdict
from workflows.run.state import RunState, StepRun
from workflows.run.waiting import HandOverError

PATCH: Final = "called-runs-are-taken-back"
FINALLY: Final = "what-finally-leaves-is-taken-back"
LOOK_AGAIN: Final = timedelta(seconds=15)  # for the end of an undo that was begun before a reset
_WORST_FIRST: Final[tuple[Left, ...]] = ("doubt", "changes", "nothing")


async def keep(state: RunState) -> None:
    """Keeps the state of a run that another one has called, where something of it is left on devices.

    A run that takes another one back keeps its own only where devices could not be reached.
    """
    result, back = state.result, state.request.takes_back
    assert result is not None, "kept before there was a result"
    if workflow.info().parent is None or result.mode != "apply" or result.left == "nothing":
        return
    if (back is not None and not state.unreached) or not workflow.patched(PATCH):
        return
    if verdict.left_by_steps(state) == "nothing" and not workflow.patched(FINALLY):
        return
    try:
        pieces = await handover.keep(state, calls.STORE_RETRY)
    except ActivityError as error:
        note = f"what it has changed could not be kept, and cannot be taken back by its caller: {error.cause}"
        state.result = result.model_copy(update={"message": f"{result.message}; {note}".lstrip("; ")})
    else:
        state.result = result.model_copy(update={"pieces": pieces})


async def how_cancelled(child: str, run: str) -> RunResult | None:
    """What a called run has come to that was cancelled: the server hands its caller nothing but that it was.

    Args:
        child: Its workflow id.
        run: The run id of its first execution.

    Returns:
        Its result, as its status has it; None where it has none, or cannot be asked.
    """
    if not workflow.patched("how-a-called-run-was-cancelled"):
        return None
    root = workflow.info().root
    holder = Holder(workflow_id=child, run=RunId(run), root=root.workflow_id if root else workflow.info().workflow_id)
    try:
        found: FollowResult = await workflow.execute_activity(
            contracts.FOLLOW,
            FollowInput(holder=holder),
            activity_id=f"end/{child.rpartition('/')[2]}",
            result_type=FollowResult,
            start_to_close_timeout=calls.STORE_TIMEOUT,
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.NOTICE_RETRY,
            summary=f"who has cancelled {child}?"[:200],
        )
    except ActivityError as error:
        workflow.logger.warning("how run %s ended could not be asked: %s", child, error.cause)
        return None
    return found.result


def note(run: StepRun, child: str, first: str, result: RunResult | None, left: Left) -> None:
    """Keeps where the record of a called run is, and that it has left something behind.

    Args:
        run: The step that has called it.
        child: Its workflow id.
        first: The run id of its first execution.
        result: What it has come to; None where that is not known.
        left: On devices.
    """
    _note_record(run, result)
    if left == "nothing" or not workflow.patched(PATCH):
        return
    joined = result.joined if result is not None else None
    one = CalledRun(workflow_id=child, run=RunId(first), left=left, pieces=result.pieces if result else ())
    if joined is not None:
        said = f"it joined run {joined}, whose changes are not this run's to take back"
        one = one.model_copy(update={"state": "joined", "pieces": (), "message": said})
    run.runs.append(one)


async def take_back(
    state: RunState, run: StepRun, place: int, why: str, changed: Callable[[], None], *, again: bool
) -> None:
    """Has a called run taken back, by a run of its own that a cancel does not cut; the step says how that went.

    Args:
        state: The run that has called it.
        run: The step that has.
        place: Of the called run, in `StepRun.runs`.
        why: For the devices that are taken back.
        changed: Called whenever somebody who looks would see a difference.
        again: Only what could not be reached before.

    Raises:
        HandOverError: The run continues as new first.
    """
    if state.handing_over:
        raise HandOverError
    one = run.runs[place]
    if not one.pieces:
        said = "it is not known what it has changed; look at its devices"
        _settle(run, place, one.model_copy(update={"state": "not_undone", "left": "doubt", "message": said}))
        changed()
        return
    child = f"{state.scope.workflow_id}/{run.id}/undo-{one.run[-8:]}{'-again' if again else ''}"
    one = one.model_copy(update={"state": "undoing", "undone_by": child})
    run.runs[place] = one
    changed()
    request = RunRequest(
        definition=_definition(run),
        by=state.request.by,
        reason=why,
        takes_back=TakeBack(
            workflow_id=one.workflow_id, run=one.run, pieces=one.pieces, again=again or _asked_for(state)
        ),
    )
    try:
        handle = await _begun(state, child, request)
        result: RunResult | None = await handle
        said = ""
    except FailureError as error:
        result, said = verdict.result_in(error.cause), str(error.cause or error)
    _note_record(run, result)
    _settle(run, place, _taken_back(one, result, said))
    changed()


def _note_record(run: StepRun, result: RunResult | None) -> None:
    """Ties the caller's record to that of a run that has ended; one without a result, or a record, has none."""
    if result is not None and result.record is not None:
        run.records.append(CalledRecord(workflow_id=result.id, run=result.run, record=result.record))


def _asked_for(state: RunState) -> bool:
    """Whether an operator has asked for an undo, and so means the devices too that could not be reached before."""
    return any(run.answer is not None and run.answer.action == "undo" for run in state.steps.values())


async def _begun(state: RunState, child: str, request: RunRequest) -> ChildWorkflowHandle[Any, RunResult]:
    """Starts a run that takes another one back.

    One of this name is under way where this run had begun it and was reset since. It is waited for: the one that comes
    after it finds in the journal what is taken back by then, and touches that no more.
    """
    assert request.takes_back is not None, "nothing to take back"
    while True:
        try:
            return await workflow.start_child_workflow(
                contracts.RUN,
                request,
                id=child,
                result_type=RunResult,
                task_timeout=contracts.WORKFLOW_TASK_TIMEOUT,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=f"take back {request.takes_back.workflow_id}"[:200],
            )
        except WorkflowAlreadyStartedError:
            if not workflow.patched("an-undo-under-way-is-waited-for"):
                raise
        await workflow.sleep(LOOK_AGAIN, summary=f"{child} is under way")
        if state.handing_over:
            raise HandOverError


def _taken_back(one: CalledRun, result: RunResult | None, said: str) -> CalledRun:
    if result is None:
        return one.model_copy(update={"state": "not_undone", "left": "doubt", "message": _short(said)})
    gone = result.left == "nothing"
    return one.model_copy(
        update={
            "state": "undone" if gone else "lost" if result.pieces else "not_undone",
            "left": "nothing" if gone else "doubt",
            "pieces": result.pieces or one.pieces,
            "message": _short(result.message),
        }
    )


def _settle(run: StepRun, place: int, one: CalledRun) -> None:
    run.runs[place] = one
    run.left = min(run.runs, key=lambda other: _WORST_FIRST.index(other.left)).left
    run.message = _short(spoken(one))


def spoken(one: CalledRun) -> str:
    """What became of a called run, in a sentence; by whom it says first, for a long one is cut."""
    done = "was taken back" if one.state == "undone" else "was NOT taken back whole"
    by = f" (run {one.undone_by})" if one.undone_by else ""
    return f"run {one.workflow_id} {done}{by}: {one.message}"


def _definition(run: StepRun) -> str:
    assert run.step.kind == "call", "only such steps call a run"
    return f"{run.step.definition}@{run.step.version}"


def _short(text: str) -> str:
    return text[: contracts.MESSAGE_LENGTH]
