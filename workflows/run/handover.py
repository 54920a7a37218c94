"""Continue-as-new: the run's state goes to the artifact store, and the next execution takes it up from there.

What arrives while the state is being kept changes it, and then it is kept once more: nothing that a person has said is
lost between two executions.
"""

from typing import Any, NoReturn

from temporalio import workflow

from workflows import contracts
from workflows.contracts import ArtifactRef, Continuation, LoadStateInput, SaveStateInput, StatePiece, StateRef
from workflows.run import calls
from workflows.run.snapshot import dumped, pieces, restore
from workflows.run.state import RunState


async def watch_history(state: RunState) -> None:
    """Says when the history has become long enough; it takes no part in it."""
    await workflow.wait_condition(lambda: _is_long(state))
    state.handing_over = True


def _is_long(state: RunState) -> bool:
    info = workflow.info()
    limit = state.prepared.history_events if state.prepared else contracts.HISTORY_EVENTS
    return info.get_current_history_length() >= limit or info.is_continue_as_new_suggested()


async def keep(state: RunState) -> tuple[ArtifactRef, ...]:
    """Keeps the state as it is when this returns: its pieces, in order."""
    kept = ""
    refs: list[ArtifactRef] = []
    while (text := dumped(state)) != kept:
        refs = [await _save(state, piece) for piece in pieces(text)]
        kept = text
    return tuple(refs)


async def take_up(state: RunState, continuation: Continuation) -> None:
    """Makes the state what the earlier execution has kept."""
    text = ""
    for ref in continuation.pieces:
        call = LoadStateInput(scope=continuation.scope, ref=ref)
        piece: StatePiece = await _call(contracts.LOAD_STATE, call, StatePiece)
        text += piece.text
    restore(state, text)
    state.executions += 1


def go_on(continuation: Continuation) -> NoReturn:
    """Ends this execution."""
    workflow.continue_as_new(continuation)


async def _save(state: RunState, piece: str) -> ArtifactRef:
    saved: StateRef = await _call(contracts.SAVE_STATE, SaveStateInput(scope=state.scope, text=piece), StateRef)
    return saved.ref


async def _call(name: str, call: Any, result: type[Any]) -> Any:  # noqa: ANN401  # one of the two above
    return await workflow.execute_activity(
        name,
        call,
        result_type=result,
        start_to_close_timeout=calls.STORE_TIMEOUT,
        retry_policy=calls.STATE_RETRY,
        summary="keep where the run stands" if name == contracts.SAVE_STATE else "take up where the run stood",
    )
