"""A system of the model that steps call, or a program that they run: neither as reliable as one would like.

It is as honest as the product's own activity (`activities/http.py`): a call that changes something carries a key by
which a repetition is told, and an answer that was received is kept, so that a lost attempt does not call again.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue
from temporalio import activity

from model_device import Call, Part
from workflows.contracts import HttpInput, ScriptInput
from workflows.errors import FailureType, failure
from workflows.plan import HttpStep, ScriptStep

if TYPE_CHECKING:
    from model_world import ModelWorld

SLOW_S: Final = 1.0  # how long a slow system waits for a cancel that is on its way
SYSTEM: Final = "source of truth"
BEFORE: Final[dict[str, FailureType]] = {
    "unavailable": "block_unavailable",
    "degraded": "block_degraded",
    "refused": "check_failed",
    "denied": "permanent",
}


class Request:
    """One attempt at one call."""

    def __init__(self, world: "ModelWorld", call: HttpInput | ScriptInput) -> None:
        self._world, self._lab, self._given = world, world.lab, call
        info = activity.info()
        self._attempt, self._run = info.attempt, info.workflow_id or ""
        self._call = Call(Part(call.scope.run, call.step, ""), 1)
        self._fault = world.fault(call.step, "", "call")
        self._note("begin")

    async def carry_out(self) -> dict[str, JsonValue]:
        """The call, from its beginning to its end.

        Returns:
            What the system answers.

        Raises:
            ApplicationError: As the product's activity does, class by class.
        """
        try:
            await self._world.between(slow=self._fault == "call_slow")
            if self._fault == "call_lost_before":
                self._lose()
            if self._fault in BEFORE:
                raise self._failed(BEFORE[self._fault])
            self._do()
            await self._world.between(slow=False)
        except asyncio.CancelledError:
            self._note("end", "cancelled")
            raise
        if self._fault == "call_lost_after":
            self._lose()
        if self._fault == "doubtful":
            raise self._failed("block_unavailable")
        self._note("end", "answered")
        return {"go": self._fault != "says_no"}

    def _do(self) -> None:
        """A repetition of what changes something is told by its key, and changes nothing."""
        key = (self._given.scope.run, self._given.step)
        changes = isinstance(self._given, ScriptInput) or self._given.method == "post"
        if changes and key not in self._lab.done:
            self._lab.done.add(key)
            self._note("done")

    def _lose(self) -> None:
        self._note("end", "lost")
        activity.raise_complete_async()

    def _failed(self, kind: FailureType) -> Exception:
        failed = self._lab.failed.setdefault(self._call, set())
        failed.add(self._attempt)
        step = self._world.step(self._given.step)
        assert isinstance(step, HttpStep | ScriptStep), "only such a step calls a system"
        retry = kind in self._given.retry_on and len(failed) < step.retry.attempts
        self._note("end", f"{kind}{', to be tried again' if retry else ''}")
        return failure(kind, f"{SYSTEM}: nautobot says {kind}", retry=retry)

    def _note(self, what: Any, said: str = "") -> None:
        self._lab.note("call", what, self._call, self._run, self._attempt, said)
