"""The verb `wait`: for a duration, until a time or a window, for a signal, for devices that answer again.

When a wait ends stands in the step's state, so that a run which continues as new waits for the rest of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import contracts
from workflows.contracts import FailureInfo, ReachableInput, ReachableResult, WindowInput, WindowResult
from workflows.errors import EvaluationError
from workflows.plan import HostName, WaitStep, Window
from workflows.run import calls
from workflows.run.context import context
from workflows.run.evaluate import describe, evaluate
from workflows.run.pools import TAKEN_UP
from workflows.run.seconds import in_words, seconds
from workflows.run.signals import fields_of
from workflows.run.state import RunState, StepRun, WindowRun
from workflows.run.waiting import until
from workflows.wording import some

FIRST_S: Final = 5.0  # between two looks at devices that do not answer; it doubles ...
LONGEST_S: Final = 60.0  # ... up to this, or to a sixtieth of the limit where that is longer
NAMED: Final = 5  # devices that a message lists
MISSED: Final = "a-window-that-was-missed-is-waited-for"


class Waits:
    """Carries out steps that wait; sets the run's state, message and outputs."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    async def wait(self, run: StepRun, step: WaitStep) -> None:
        """Waits for the one thing that the step names.

        Raises:
            EvaluationError: A length, a time or the devices have no value.
        """
        run.state = "waiting"
        if step.signal is not None:
            await self._for_signal(run, step, step.signal)
        elif step.devices is not None:
            await self._for_devices(run, step)
        else:
            await self._for_time(run, step)

    def _stopped(self, run: StepRun) -> bool:
        """Whether nobody waits any more. What ends the run does not end a wait of ``finally``."""
        if run.id in self._state.finally_:
            return run.overdue
        return self._state.stopped(run)

    def _no_longer(self, run: StepRun) -> None:
        run.state, run.message = "cancelled", "no longer waited for"

    # -------------------------------------------------------------------------------------------------------- time

    async def _for_time(self, run: StepRun, step: WaitStep) -> None:
        """What has passed or is open is no wait at all. A window that was missed is waited for again."""
        while True:
            if run.until is None:
                run.until = await self._end(run, step)
                if late := self._too_late(step, run.until):
                    run.state, run.message = "failed", late
                    return
            if run.until > workflow.now():
                run.message = f"until {run.until:%Y-%m-%d %H:%M:%S} UTC"
                self._changed()
                if await until(self._state, lambda: self._stopped(run), run.until, f"wait {run.id}"):
                    self._no_longer(run)
                    return
            if await self._paused_to_the_end(run):
                self._no_longer(run)
                return
            if not self._missed(run):
                break
            run.until = None
        run.state, run.message = "succeeded", ""

    async def _paused_to_the_end(self, run: StepRun) -> bool:
        """Waits while the run is paused in front of a window that is open; whether nobody waits for it any more."""
        if run.window is None or not self._state.paused or not workflow.patched(MISSED):
            return False
        await until(self._state, lambda: not self._state.paused or self._stopped(run))
        return self._stopped(run)

    def _missed(self, run: StepRun) -> bool:
        """Whether the window has closed before anything could begin: no worker was up, or the run was paused."""
        closes = None if run.window is None else run.window.begin_by
        return closes is not None and closes <= workflow.now() and workflow.patched(MISSED)

    async def _end(self, run: StepRun, step: WaitStep) -> datetime:
        if step.for_ is not None:
            return workflow.now() + timedelta(seconds=seconds(evaluate(step.for_, context(self._state)), "`for`"))
        if step.until is not None:
            return _time(evaluate(step.until, context(self._state)))
        assert step.window is not None, "one thing is waited for"
        found = await window_found(self._state, step.window, 0.0, f"window/{step.id}")
        if found.start is None:
            raise EvaluationError("the window never opens")
        run.window = WindowRun("", found.start, found.until)
        return found.start

    def _too_late(self, step: WaitStep, end: datetime) -> str:
        """Why a wait that ends then is not begun: it is longer than its limit. Nobody need wait to be told so."""
        if step.limit is None or end <= workflow.now() + timedelta(seconds=self._length_s(step)):
            return ""
        if not workflow.patched("a-wait-for-a-time-has-a-limit"):
            return ""
        return f"it would end at {end:%Y-%m-%d %H:%M:%S} UTC, and its `timeout` is {in_words(self._length_s(step))}"

    def _limit(self, run: StepRun, step: WaitStep) -> None:
        """Sets when the wait ends in any case; never, where the definition gives no limit."""
        if run.until is None and step.limit is not None:
            run.until = workflow.now() + timedelta(seconds=self._length_s(step))

    def _length_s(self, step: WaitStep) -> float:
        assert step.limit is not None, "asked where there is a limit"
        return seconds(evaluate(step.limit, context(self._state)), "`timeout`")

    # ------------------------------------------------------------------------------------------------------ signal

    async def _for_signal(self, run: StepRun, step: WaitStep, name: str) -> None:
        """Takes the oldest signal of this name whose payload fits; its fields are the step's outputs."""
        self._limit(run, step)
        kept = self._state.signals
        while True:
            if not kept.get(name) and not self._stopped(run):
                run.message = f"waits for the signal {name}" + _until(run.until)
                self._changed()
                condition = await until(
                    self._state,
                    lambda: bool(kept.get(name)) or self._stopped(run),
                    run.until,
                    f"signal {name}",
                )
                if not condition:
                    run.state, run.message = "failed", f"no signal {name} within {in_words(self._length_s(step))}"
                    return
            if self._stopped(run):
                self._no_longer(run)
                return
            fields, refused = fields_of(step, kept[name].pop(0))
            if not refused:  # it was checked when it came, but perhaps for another step of the same name
                run.outputs, run.state, run.message = dict(fields), "succeeded", f"signal {name}"
                return

    # ----------------------------------------------------------------------------------------------------- devices

    async def _for_devices(self, run: StepRun, step: WaitStep) -> None:
        """Looks at the devices again and again until all answer a fresh login, or the limit has passed.

        A device that refuses the login is not asked again: it will not change its mind, and accounts get locked.
        """
        self._limit(run, step)
        if not run.outputs:
            run.outputs = {"reachable": [], "unreachable": self._hosts(step), "refused": []}
        hosts: list[HostName] = list(self._listed(run, "unreachable"))
        while hosts and not self._stopped(run):
            await self._look(run, step, hosts)
            hosts = list(self._listed(run, "unreachable"))
            self._say(run)
            pause = workflow.now() + timedelta(seconds=self._pause(run))
            if not hosts or (run.until is not None and run.until <= workflow.now()):
                break
            soon = pause if run.until is None else min(pause, run.until)
            await until(self._state, lambda: self._stopped(run), soon, f"devices {run.id}")
        self._conclude(run)

    async def _look(self, run: StepRun, step: WaitStep, hosts: Sequence[HostName]) -> None:
        """Asks all of them once, batch by batch, on the queues of their worker pools."""
        run.rounds += 1
        pools = self._state.plan_ready.pools
        by_pool: dict[str | None, list[HostName]] = defaultdict(list)
        for host in hosts:
            by_pool[pools.get(host)].append(host)
        batches = [
            (pool, tuple(mine[start : start + contracts.BATCH_SIZE]))
            for pool, mine in by_pool.items()
            for start in range(0, len(mine), contracts.BATCH_SIZE)
        ]
        for start in range(0, len(batches), contracts.BATCHES_OPEN):
            if self._stopped(run):
                return
            some = batches[start : start + contracts.BATCHES_OPEN]
            calls_ = [self._ask(run, step, pool, one, start + place) for place, (pool, one) in enumerate(some)]
            for found in await asyncio.gather(*calls_):
                self._note(run, found)

    async def _ask(
        self, run: StepRun, step: WaitStep, pool: str | None, hosts: tuple[HostName, ...], place: int
    ) -> ReachableResult:
        try:
            found: ReachableResult = await workflow.execute_activity(
                contracts.REACHABLE,
                ReachableInput(scope=self._state.scope, prepared=self._state.plan_ready.ref, step=step.id, hosts=hosts),
                activity_id=f"{step.id}/look-{run.rounds}/{place}",
                task_queue=contracts.pool_queue(workflow.info().task_queue, pool),
                result_type=ReachableResult,
                schedule_to_start_timeout=TAKEN_UP if pool is not None else None,
                start_to_close_timeout=calls.REACHABLE_TIMEOUT,
                heartbeat_timeout=calls.HEARTBEAT,
                retry_policy=calls.REACHABLE_RETRY,
                summary=f"log in to {_number(hosts)}",
            )
        except ActivityError as error:
            cause = error.cause
            message = cause.message if isinstance(cause, ApplicationError) else str(cause or error)
            info = FailureInfo(type="block_unavailable", message=message[: contracts.MESSAGE_LENGTH])
            return ReachableResult(reachable=(), failures=dict.fromkeys(hosts, info))
        return found

    def _note(self, run: StepRun, found: ReachableResult) -> None:
        refused = [host for host, why in found.failures.items() if why.type == "permanent"]
        gone = {*found.reachable, *refused}
        run.outputs = {
            "reachable": [*self._listed(run, "reachable"), *found.reachable],
            "unreachable": [host for host in self._listed(run, "unreachable") if host not in gone],
            "refused": [*self._listed(run, "refused"), *refused],
        }
        for host in found.reachable:
            run.messages.pop(host, None)
        run.messages.update(found.failures)

    def _conclude(self, run: StepRun) -> None:
        away, refused = self._listed(run, "unreachable"), self._listed(run, "refused")
        if not away and not refused:
            run.state, run.message = "succeeded", f"{_number(self._listed(run, 'reachable'))} answered"
            return
        if self._stopped(run):
            self._no_longer(run)
            return
        said = []
        if away:
            said.append(f"{_number(away)} did not answer in time ({_some(run, away)})")
        if refused:
            said.append(f"{_number(refused)} refused the login; it was not tried again ({_some(run, refused)})")
        run.state, run.message = "failed", "; ".join(said)

    def _say(self, run: StepRun) -> None:
        away = self._listed(run, "unreachable")
        if away:
            run.message = f"waits for {_number(away)}: {', '.join(away[:NAMED])}" + _until(run.until)
        self._changed()

    def _pause(self, run: StepRun) -> float:
        left = (run.until - workflow.now()).total_seconds() if run.until is not None else 0.0
        return min(FIRST_S * 2.0 ** min(run.rounds - 1, 20), max(LONGEST_S, left / 60))

    def _listed(self, run: StepRun, name: str) -> list[HostName]:
        found = run.outputs[name]
        assert isinstance(found, list), "this file writes it"
        return found

    def _hosts(self, step: WaitStep) -> list[HostName]:
        assert step.devices is not None, "asked of a wait for devices"
        value = evaluate(step.devices, context(self._state))
        if not isinstance(value, list):
            raise EvaluationError(f"`devices` must be a list of devices, and this is {describe(value)}")
        known = {str(host): host for host in self._state.plan_ready.hosts}
        strangers = [str(host) for host in value if str(host) not in known]
        if strangers:
            raise EvaluationError(f"not in this run's inventory: {', '.join(strangers[:NAMED])}")
        return [known[str(host)] for host in dict.fromkeys(value) if host not in self._state.plan_ready.skipped]


async def window_start(state: RunState, window: Window, needs_s: float, activity_id: str) -> datetime | None:
    """When something that takes so long may begin inside a window, now or later; None where it never fits."""
    return (await window_found(state, window, needs_s, activity_id)).start


async def window_found(
    state: RunState, window: Window, needs_s: float, activity_id: str, *, closing: bool = False
) -> WindowResult:
    """The same, with when that window closes; ``closing``: and the one that is open for too short a time.

    Time zones are data of the machine, so an activity computes it and history keeps the answer.

    Raises:
        EvaluationError: No worker can tell, as where the machine of one knows no such time zone.
    """
    try:
        found = await workflow.execute_activity(
            contracts.WINDOW,
            WindowInput(scope=state.scope, window=window, at=workflow.now(), needs_s=needs_s, closing=closing),
            activity_id=activity_id,
            result_type=WindowResult,
            **calls.STORE,
            summary="when is the window open?",
        )
    except ActivityError as error:
        said = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause or error)
        raise EvaluationError(f"when the change window opens cannot be told: {said}") from None
    assert isinstance(found, WindowResult), "the converter yields what was asked for"
    return found


def _number(hosts: Sequence[HostName]) -> str:
    return "1 device" if len(hosts) == 1 else f"{len(hosts)} devices"


def _some(run: StepRun, hosts: Sequence[HostName]) -> str:
    """The first of them, and what one of them said."""
    why = run.messages.get(hosts[0])
    return some(hosts, NAMED) + (f": {why.message}" if why else "")


def _until(deadline: datetime | None) -> str:
    return f" until {deadline:%Y-%m-%d %H:%M:%S} UTC" if deadline is not None else ""


def _time(value: object) -> datetime:
    """A time with its offset, in UTC. Raises `EvaluationError` for anything else: one without means nothing here."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        known = None if found is None or found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter at both ends of the calendar
        known = None
    if known is None:
        raise EvaluationError(
            f"`until` must be a time such as 2026-12-01T02:00:00+01:00, and this is {describe(value)}"
        )
    return known
