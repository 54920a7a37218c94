"""Steps that end badly and ask an operator what is to become of them, before their failure ends the run.

Three things ask: a block that failed where the definition says ``on_block: ask``, a deadline with ``on_deadline:
escalate`` on a step over devices, and ``on_failure: pause``. A step over devices pauses by itself where devices fail,
wave by wave; here it asks about what is no failure of a wave: its breaker has opened, its change window is closed, or
what it demands of itself does not hold. The answers are those of any paused step: retry, skip, undo or stop.
"""

from collections.abc import Callable, Mapping
from typing import Final

from temporalio import workflow

from workflows.contracts import Blame, FailureInfo
from workflows.plan import Block, DevicesStep, StepBase
from workflows.run.fanout import FanOut
from workflows.run.reminders import remind
from workflows.run.state import FAILED, Answer, RunState, StepRun
from workflows.run.waiting import until

OPERATORS: Final = "operators"  # the notification target that is told of a deadline
BLOCKS: Final[Mapping[str, Block]] = {
    "source of truth": "source_of_truth",
    "executor": "executor",
    "observability": "observability",
    "presentation": "presentation",
}
# As sentences name them.
NAMED: Final[Mapping[Block, str]] = {
    "source_of_truth": "the source of truth",
    "executor": "the executor",
    "observability": "observability",
    "presentation": "presentation",
}


class Appeals:
    """Asks operators about steps that have failed."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    async def again(self, run: StepRun) -> bool:
        """Asks where the step is one to ask about, and waits for the answer.

        Entered again after the run has continued as new, it waits on.

        Returns:
            Whether the step is to be carried out again. Otherwise it has ended, and its message says how.
        """
        if not run.appeal:
            if not self._wanted(run):
                return False
            run.appeal, run.answer, run.asks, run.state = run.message, None, True, "waiting"
            run.message = f"{run.appeal}; retry, skip, undo or stop?"
            self._changed()
            if run.overdue:
                await remind(self._state, run.id, OPERATORS, f"step {run.id} waits for an operator: {run.appeal}")
        await until(self._state, lambda: run.answer is not None or self._state.cut or self._state.stopping)
        run.asks = False
        answer = run.answer or Answer("stop")
        by = f" by {answer.by}" if answer.by else ""
        if answer.action == "retry" and await self._resumed(run):
            await self._renew(run)
            return True
        said, run.appeal = run.appeal, ""
        run.state, run.message = "failed", f"{said}; passed over{by}" if answer.action == "skip" else said
        if run.blame is not None and answer.action == "skip":
            run.blame = run.blame.model_copy(update={"answer": "acknowledged", "by": answer.by})
        self._changed()
        return False

    def _wanted(self, run: StepRun) -> bool:
        step, state = run.step, self._state
        if run.state != "failed" or state.cut or state.stopping or run.id in state.finally_:
            return False
        if state.request.mode == "plan":
            return False
        if run.overdue:
            return step.on_deadline == "escalate" and isinstance(step, DevicesStep)
        if run.blame is not None and step.on_block != "abort":
            return step.on_block == "ask"
        if step.on_failure.action != "pause":
            return False
        # Of devices that failed it has asked by itself, wave by wave. A breaker, a window or a demand of the whole step
        # may end it all the same.
        answered = run.answer is not None
        return not isinstance(step, DevicesStep) or (not answered and workflow.patched("asked-about-whole-fan-outs"))

    async def _resumed(self, run: StepRun) -> bool:
        """Waits where the run is paused, too. Whether the step may then be carried out again: the run goes on.

        A step over devices waits by itself, when it has taken back what failed.
        """
        state = self._state
        if not state.paused or isinstance(run.step, DevicesStep) or not workflow.patched("a-pause-holds-a-retry"):
            return True
        run.message = f"{run.appeal}; it is tried again when the run is resumed"
        self._changed()
        await until(state, lambda: not state.paused or state.cut or state.stopping)
        return not (state.cut or state.stopping)

    async def _renew(self, run: StepRun) -> None:
        """Another go, with as much time as the first one had.

        The answer is kept until all is ready: taking devices back may end in the next execution.
        """
        run.state, run.message = "running", ""
        if isinstance(run.step, DevicesStep):
            await FanOut(self._state, run, self._changed).renew()
        else:
            run.outputs, run.unread = {}, ""
        run.appeal, run.answer, run.blame, run.overdue = "", None, None, False
        run.deadline, run.until, run.rounds = None, None, 0
        self._changed()


def blamed(step: StepBase, kind: str | None, message: str, otherwise: Block | None = None) -> Blame | None:
    """Whose failure it is when something failed in this way; None where it is no block's.

    Args:
        step: What failed; it may say which block it talks to.
        kind: The failure's class.
        message: It begins with the block where netsaga itself knows it, as in ``executor: …``.
        otherwise: The block where nobody names one.
    """
    said = BLOCKS.get(message.partition(":")[0])
    block = said or step.block or otherwise
    if block is None or kind not in {"block_unavailable", "block_degraded"}:
        return None
    proceeds = step.on_block == "proceed"
    return Blame.model_validate(
        {"block": block, "type": kind, "message": message, "answer": "proceeded" if proceeds else "aborted"}
    )


def blamed_by_devices(run: StepRun) -> Blame | None:
    """The block that kept every failed device of a step from being worked on: then no device is to blame."""
    failures = [run.messages.get(host) for host in run.hosts_with(FAILED)]
    kinds = {None if info is None else info.type for info in failures}
    if not failures or not kinds <= {"block_unavailable", "block_degraded"}:
        return None
    first: FailureInfo | None = failures[0]
    return None if first is None else blamed(run.step, first.type, first.message, "executor")
