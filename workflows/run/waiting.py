"""How the run waits: for a condition, until a time, or until its history is so long that it continues as new.

Whoever waits here may be interrupted by `HandOverError`, which nobody but the run's own body catches: everything that a
coroutine knows must then stand in the run's state, for it is entered again from there, in the next execution.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows.run.state import RunState


class HandOverError(Exception):
    """This execution ends and the next one goes on. Not a failure."""


async def until(
    state: RunState, condition: Callable[[], bool], deadline: datetime | None = None, summary: str | None = None
) -> bool:
    """Waits for a condition, at most to a deadline.

    Args:
        state: The run.
        condition: What is waited for; looked at whenever something happens.
        deadline: When the waiting ends, in any case. A time, not a length: the next execution waits for the rest.
        summary: Of the timer, for the Web UI.

    Returns:
        Whether the condition holds; False where the deadline has passed.

    Raises:
        HandOverError: The run continues as new first.
    """
    while True:
        length = None if deadline is None else deadline - workflow.now()
        if length is not None and length <= timedelta():
            return condition()
        try:
            await workflow.wait_condition(
                lambda: condition() or state.handing_over, timeout=length, timeout_summary=summary
            )
        except TimeoutError:
            return False
        if condition():
            return True
        # It did hold: another one who waited for the same was faster.
        if state.handing_over or not workflow.patched("who-comes-too-late-waits-on"):
            raise HandOverError


async def in_time(task: "asyncio.Task[None]", deadline: datetime | None, summary: str) -> bool:
    """Waits for a part of the run, at most to a deadline; the part goes on. Returns whether it has ended."""
    length = None if deadline is None else max(deadline - workflow.now(), timedelta())
    with suppress(TimeoutError):
        await workflow.wait_condition(task.done, timeout=length, timeout_summary=summary)
    return task.done()


async def quietly(signal: Awaitable[None]) -> None:
    """Sends a signal to a batch, which may have ended meanwhile."""
    with suppress(FailureError):
        await signal
