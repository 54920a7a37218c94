"""When a wave may begin: inside its change window, or outside of it where an operator says so and why.

A wave that is begun is never cut by the end of its window; so it begins only if all of it fits (`reckoning.py`). What
was found of the window stands in the state, and whoever waits here looks anew whenever that has come to its end.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, assert_never

from temporalio import workflow

from workflows.contracts import WindowResult
from workflows.plan import DevicesStep
from workflows.run.judgement import Judgement, without
from workflows.run.reckoning import Need, lasting, need_of
from workflows.run.seconds import in_words
from workflows.run.state import RunState, StepRun, WaveRun, WindowRun, spoken
from workflows.run.waiting import until
from workflows.run.waits import window_found
from workflows.wording import to_the_minute

WINDOW_FIRST: Final = "window-before-devices"  # the patch; runs of before wait as `rollout.py` keeps it
# A timer fires a moment late, and a wave that fills its window would miss each of its openings by that moment.
LATENESS: Final = timedelta(minutes=1)


class Opening:
    """The window of one step over devices."""

    def __init__(
        self, state: RunState, run: StepRun, step: DevicesStep, judgement: Judgement, changed: Callable[[], None]
    ) -> None:
        self._state = state
        self._run = run
        self._step = step
        self._judgement = judgement
        self._changed = changed

    def timely(self, wave: WaveRun) -> bool:
        """Whether a wave may begin now, as far as is known without looking."""
        known = self._known(wave)
        if self._step.window is None or known is None:
            return self._step.window is None
        now, begin_by = workflow.now(), known.begin_by
        return bool(known.overridden_by) or (known.opens <= now and (begin_by is None or now < begin_by))

    def begin_by(self, wave: WaveRun) -> datetime | None:
        """Before when it must begin; ``None`` where it may begin at any time."""
        known = self._known(wave)
        return known.begin_by if known is not None and not known.overridden_by else None

    async def opened(self, wave: WaveRun) -> bool:
        """Waits until a wave may begin. False where it is not to begin: by the run's end, or as ``held_back`` says.

        Raises:
            HandOverError: The run continues as new; called again, it goes on.
        """
        run = self._run
        while not (stopped := self._judgement.stopped) and not run.held_back:
            known = self._known(wave)
            if known is not None and known.asks:
                await self._operator(wave, known)
            elif self._state.paused:
                await until(self._state, lambda: not self._state.paused or self._judgement.stopped)
            elif self.timely(wave):
                break
            else:
                await self._find(wave)
        if run.window is not None:
            run.window.asks = ""
        if run.state == "waiting":
            run.state, run.message = "running", without(run.empty)
            self._changed()
        return not stopped and not run.held_back

    def _known(self, wave: WaveRun) -> WindowRun | None:
        known = self._run.window
        return known if known is not None and known.wave == wave.name else None

    async def _find(self, wave: WaveRun) -> None:
        """Looks when the window is open, and does as the definition says where it is closed."""
        window, run, name = self._step.window, self._run, spoken(wave.name)
        assert window is not None, "a step without a window waits for none"
        asked = (known := self._known(wave)) is not None and bool(known.asks)
        need = need_of(run, self._step, wave, self._judgement.concurrency(wave.hosts))
        wave.turns = need.turns
        at = workflow.now()
        found = await window_found(self._state, window, need.total_s, f"window/{run.id}/{wave.name}", closing=True)
        if found.start is None:
            run.held_back = (
                f"{name} needs {lasting(need.total_s)}, and the change window is open for "
                f"{in_words(window.duration_s)} only: {need}"
            )
            return
        begin_by = found.until and found.until - timedelta(seconds=need.total_s) + LATENESS
        known = run.window = WindowRun(wave.name, found.start, begin_by)
        if found.start <= workflow.now():
            known.asks = "open" if asked else ""
            return
        closed = _closed(name, need, found, at)
        match window.on_closed:
            case "stop":
                run.held_back = f"{closed}; {name} was not begun"
            case "pause":
                self._state.paused, known.asks = True, "closed"
                run.message = f"{closed}; resume the run then, or before with a reason, and {name} begins"
            case "wait":
                run.message = f"waits for the change window at {to_the_minute(found.start)}"
                if found.closes is not None:
                    run.message += f": {closed}"
                self._waits()
                await until(self._state, lambda: self._judgement.stopped, known.opens, f"window {run.id}")
            case _:
                assert_never(window.on_closed)

    async def _operator(self, wave: WaveRun, known: WindowRun) -> None:
        """Waits for an operator, until the window opens or closes; what is said of it then is another thing."""
        run = self._run
        if known.begin_by is not None and workflow.now() >= known.begin_by:
            await self._find(wave)
            return
        if workflow.now() >= known.opens:
            known.asks = "open"
            upto = "" if known.begin_by is None else f"; it fits in if that is before {to_the_minute(known.begin_by)}"
            run.message = f"the change window is open; {spoken(wave.name)} begins when the run is resumed{upto}"
        self._waits()
        changes = known.opens if known.asks == "closed" else known.begin_by
        over = f"window {run.id}"
        if await until(self._state, lambda: not self._state.paused or self._judgement.stopped, changes, over):
            known.asks = ""

    def _waits(self) -> None:
        self._run.state = "waiting"
        self._changed()


def closed_ones(state: RunState) -> Iterator[tuple[StepRun, WindowRun]]:
    """The steps that ask an operator because their change window is closed."""
    for run in state.all_steps():
        if run.window is not None and run.window.asks == "closed":
            yield run, run.window


def objection(state: RunState, reason: str) -> str | None:
    """Why a run is not resumed: a wave would begin outside its window, and nobody has said why."""
    for run, window in closed_ones(state):
        if not reason.strip():
            opens = to_the_minute(window.opens)
            return (
                f"the change window of step {run.id} is closed until {opens}; resume the run then, or give a reason "
                f"now, and {spoken(window.wave)} begins all the same"
            )
    return None


def override(state: RunState, by: str) -> str:
    """Lets waves begin although their windows are closed, and says so; nothing where none is."""
    said = []
    for run, window in closed_ones(state):
        window.overridden_by = by
        said.append(
            f"{spoken(window.wave)} of step {run.id} begins although its change window is closed until "
            f"{to_the_minute(window.opens)}"
        )
    return "; ".join(said)


def _closed(name: str, need: Need, found: WindowResult, at: datetime) -> str:
    """That the window is closed, or not open for long enough any more."""
    assert found.start is not None, "asked of a window that opens again"
    if found.closes is None:
        return f"the change window is closed until {to_the_minute(found.start)}"
    left = lasting((found.closes - at).total_seconds())
    return (
        f"{name} needs {lasting(need.total_s)}, and the change window closes in {left} and opens again at "
        f"{to_the_minute(found.start)} ({need})"
    )
