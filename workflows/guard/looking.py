"""How the guard finds out who is still alive: it asks Temporal, by activities. What follows from that is the guard's.

All runs that are looked at in a round are asked about at once, in pieces of at most `BATCH_SIZE`. With an activity for
each of them the guard's history grew with the number of those who wait. Not to know it of a run means to go on waiting
for it: the next round asks again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import contracts
from workflows.contracts import Holder, HolderInput, HoldersInput, HoldersState, HolderState
from workflows.run import calls


@dataclass(frozen=True, slots=True)
class Closed:
    """A run that has ended by itself, or was cut off."""

    holder: Holder
    how: Literal["ended", "cut_off"]


def together() -> bool:
    """Whether today's rules of looking hold; asked only where those of before differ."""
    return workflow.patched("looks-at-all-at-once")


async def closed_among(holders: Sequence[Holder]) -> list[Closed]:
    """Those of some runs that are closed, in their order.

    Args:
        holders: The runs, each once.
    """
    size = contracts.BATCH_SIZE
    pieces = [holders[start : start + size] for start in range(0, len(holders), size)]
    found = await asyncio.gather(*(_closed_in(piece) for piece in pieces))
    return [closed for piece in found for closed in piece]


async def _closed_in(holders: Sequence[Holder]) -> list[Closed]:
    try:
        found = await workflow.execute_activity(
            contracts.HOLDERS,
            HoldersInput(holders=tuple(holders)),
            result_type=HoldersState,
            **calls.STORE,
            summary=f"which of {len(holders)} runs are alive?",
        )
    except ActivityError:
        return []
    closed: list[Closed] = []
    for holder in holders:
        match state := found.states.get(holder.run, "unknown"):
            case "ended" | "cut_off":
                closed.append(Closed(holder, state))
            case "open" | "unknown":
                pass
            case _:
                assert_never(state)
    return closed


async def one_by_one(holders: Sequence[Holder], then: Callable[[Closed], Awaitable[None]]) -> None:
    """As it was done before: asks about each run by an activity of its own.

    Args:
        holders: The runs, each once.
        then: Done for each that is closed, before the next one is asked about.
    """
    for holder in holders:
        try:
            found = await workflow.execute_activity(
                contracts.HOLDER,
                HolderInput(holder=holder),
                result_type=HolderState,
                **calls.STORE,
                summary=f"is {holder.workflow_id} alive?",
            )
        except ActivityError:
            continue
        if found.state != "open":
            await then(Closed(holder, found.state))
