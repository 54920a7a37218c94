"""Whether what a step over devices has come to is accepted, and how many devices may be under way because of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from temporalio import workflow

from workflows import contracts
from workflows.contracts import Cut, FailureInfo
from workflows.plan import DevicesStep, HostName
from workflows.run.accept import allowed_failures
from workflows.run.breaker import counted, opens
from workflows.run.holding import hold_of
from workflows.run.outcomes import ENOUGH, never_sent
from workflows.run.state import RunState, StepRun, spoken
from workflows.run.together import dragged_along
from workflows.wording import because

SUCCEEDED: Final = frozenset({contracts.LETTERS["succeeded"], contracts.CHANGED})
KEPT_BACK: Final = FailureInfo(type="cancelled", message="not taken up: the breaker was open")
ANOTHER_FAILED: Final = "another step failed before all devices were taken up"
TOUCHABLE: Final = frozenset(contracts.LETTERS[status] for status in ("failed", "unreachable", "unknown"))
DOUBT: Final = frozenset({contracts.LETTERS["unknown"], contracts.LETTERS["undo_failed"]})


def without(empty: Sequence[str]) -> str:
    """What is said of waves in which no device is; nothing where there are none."""
    return f"no device is in {', '.join(map(spoken, empty))}: its `select` is true of none" if empty else ""


class Judgement:
    """Judges one step, as its letters stand."""

    def __init__(self, state: RunState, run: StepRun, step: DevicesStep) -> None:
        self._state = state
        self._run = run
        self._step = step
        self.set_aside: frozenset[HostName] = frozenset()  # failed before, and hold up no device that is tried again

    @property
    def changes(self) -> bool:
        """Whether the step changes devices, here and now: in plan mode it does not."""
        return self._step.changes and self._state.request.mode == "apply"

    @property
    def stopped(self) -> bool:
        """Whether nothing new is taken up: by the run, by this step's deadline, its breaker, or a confirm's time."""
        run = self._run
        return self._state.stopped(run) or run.tripped or run.late

    def note_failures(self, number: int, now: datetime) -> None:
        """Counts new failures for the breaker, which opens at so many within so long."""
        breaker = self._step.breaker
        if breaker is None or number <= 0 or (self._step.changes and not self.changes):
            return
        self._run.failed_at = counted(breaker, self._run.failed_at, number, now)
        self._run.tripped = self._run.tripped or opens(breaker, self._run.failed_at)

    def note_cut(self, letters: Mapping[HostName, str]) -> None:
        """Remembers what the deadline has ended: it was not done, whatever the definition allows to be skipped."""
        skipped = contracts.LETTERS["skipped"]
        cut = [host for host, letter in letters.items() if letter == skipped and host not in self._run.cut_short]
        if self._run.overdue and cut and workflow.patched("cut-by-a-deadline-is-not-done"):
            self._run.cut_short += cut

    def untouched(self, host: HostName) -> str:
        """What is known of a device where an undo found nothing to take back: no doubt is left.

        One that was cut short has not failed; it was not done. One that was held has gone back by its own timer.
        """
        run, letter, info = self._run, self._run.letters[host], self._run.messages.get(host)
        if letter in DOUBT:
            return contracts.LETTERS["failed"]
        if letter == contracts.CHANGED and hold_of(self._step) and workflow.patched("what-went-back-is-undone"):
            return contracts.LETTERS["undone"]
        if letter != contracts.LETTERS["failed"] or info is None or info.type != "cancelled":
            return letter
        if not workflow.patched("cut-before-anything-was-sent"):
            return letter
        run.messages[host] = never_sent(info)
        run.cut_short += [host] if run.overdue else []
        return contracts.LETTERS["skipped"]

    def left_with_a_part(self, hosts: Sequence[HostName]) -> list[HostName]:
        """Those of these devices that failed and may hold a part of the change; none where the step only reads."""
        if not self._step.changes and workflow.patched("reads-are-not-taken-back"):
            return []
        infos = self._run.messages
        failed = [host for host in hosts if self._run.letters[host] in TOUCHABLE]
        return [host for host in failed if host not in infos or infos[host].begun]

    def unfinished(self, hosts: Sequence[HostName]) -> int:
        """How many of these devices the step's deadline has kept from being done, where not enough are."""
        if not self._run.overdue or self.enough:
            return 0
        letters, cut = self._run.letters, self._run.cut_short
        return sum(letters[host] == contracts.PENDING or host in cut for host in hosts)

    def cut_off(self, wave: Sequence[HostName]) -> str:
        """Why a wave in which few enough have failed is not done: some of its devices are not taken up any more."""
        run = self._run
        left = sum(run.letters[host] == contracts.PENDING for host in wave)
        if left == 0 or self.enough or run.overdue or self._state.cut or self.broken(wave):
            return ""  # done, or judged otherwise
        if not workflow.patched("cut-off-is-not-done"):
            return ""
        return ANOTHER_FAILED if self._state.stopping else f"not taken up: {left} of {len(wave)} devices"

    @property
    def enough(self) -> bool:
        """Whether the first success of ``any`` is there: the rest is cancelled."""
        if self._step.changes and not self.changes:
            return False  # any of them may be the first, so each is proposed for
        return self._step.accept.kind == "any" and bool(self._run.hosts_with(SUCCEEDED))

    @property
    def cut(self) -> Cut:
        """What is under way is ended, and why."""
        state, run = self._state, self._run
        if state.cut:
            return Cut(why=f"the run was cancelled{because(state.cut_reason)}")
        if run.overdue:
            return Cut(why="the deadline of the step had passed")
        return Cut(why="its wave could not be confirmed in time" if run.late else ENOUGH)

    def broken(self, wave: Sequence[HostName]) -> bool:
        """Whether ``accept`` cannot be met any more, by this wave or by the whole step.

        A number of successes, and the first of ``any``, are asked of the step alone.
        """
        return self.spare(wave) < 0

    def spare(self, wave: Sequence[HostName]) -> int:
        """How many more failures ``accept`` allows, by this wave and by the whole step; below 0 there were too many."""
        accept, whole = self._step.accept, list(self._run.letters)
        groups = (whole,) if accept.kind in {"any", "count"} else (wave, whole)
        left = [allowed_failures(accept, self._run.judged(hosts)) - self.failures(hosts) for hosts in groups if hosts]
        return min(left, default=0)

    def failures(self, hosts: Sequence[HostName]) -> int:
        """How many of these devices have failed, or will be taken back with one that has and that they belong to."""
        counted = [host for host in hosts if host not in self.set_aside] if self.set_aside else hosts
        failed, units = self._run.failures(counted), self.units() if self.changes else {}
        if failed == 0 or not units:
            return failed
        letters = [self._run.letters[host] for host in counted]
        return failed + dragged_along(letters, [units.get(host) for host in counted])

    def units(self) -> dict[HostName, int]:
        """Which devices of the wave under way belong together, by number; none where none may be taken back for it."""
        units = [unit for wave in self._run.waves if wave.state == "running" for unit in wave.units if len(unit) > 1]
        if not units or not self._step.undo or not workflow.patched("who-belongs-to-a-failure-counts"):
            return {}
        return {host: number for number, unit in enumerate(units, 1) for host in unit}

    def hopeless(self, wave: Sequence[HostName]) -> bool:
        """Whether going on is of no use. Steps that read go on: their finding is worth having whole."""
        return self.changes and self.broken(wave)

    def over(self, wave: Sequence[HostName]) -> bool:
        """Whether no new device may start."""
        return self.stopped or self.hopeless(wave) or self.enough

    def concurrency(self, wave: Sequence[HostName] = (), *, undoes: bool = False) -> int:
        """How many devices may be under way; ``budget: strict`` caps them at the failures still allowed + 1.

        Args:
            wave: Whose failures count besides those of the whole step; the wave under way where none is named.
            undoes: Whether they are taken back, which spends no budget.
        """
        wanted = self._run.concurrency or self._step.concurrency
        if self._step.budget != "strict" or not self.changes:
            return wanted
        whole = max(1, min(wanted, self.spare(()) + 1))
        hosts = wave or next((one.hosts for one in self._run.waves if one.state == "running"), ())
        now = max(1, min(wanted, self.spare(hosts) + 1))
        if undoes and min(now, whole) < wanted and workflow.patched("undo-spends-no-budget"):
            return wanted
        return now if now != whole and workflow.patched("strict-in-each-wave") else whole

    def _quarantine(self, hosts: Sequence[HostName]) -> None:
        """Devices that the breaker kept from being taken up."""
        for host in hosts:
            if self._run.letters[host] == contracts.PENDING:
                self._run.letters[host] = contracts.LETTERS["quarantined"]
                self._run.messages[host] = KEPT_BACK

    def why(self, wave: Sequence[HostName]) -> str:
        """What a wave has come to that is not accepted."""
        return f"{self._run.failures(wave)} of {len(wave)} devices failed; accepted is {self._step.accept.text}"

    def conclude(self, hosts: Sequence[HostName]) -> None:
        """Sets how the step ended, and its message."""
        run, accept = self._run, self._step.accept.text
        failures, total = run.failures(hosts), run.judged(hosts)
        failed_wave = next((wave for wave in run.waves if wave.state == "failed"), None)
        if self._state.cut:
            run.state, run.message = "cancelled", "cancelled while it ran"
        elif run.tripped and self._step.breaker is not None:
            self._quarantine(hosts)
            breaker = self._step.breaker
            run.state = "failed"
            number = "1 failure" if breaker.failures == 1 else f"{breaker.failures} failures"
            run.message = f"the breaker opened: {number} within {breaker.within_s:g} s"
        elif run.held_back:
            run.state, run.message = "failed", run.held_back
        elif left := self.unfinished(hosts):
            failed = f"; {failures} failed, and accepted is {accept}" if failures else ""
            soaked = failed_wave is not None and failed_wave.why and not self.unfinished(failed_wave.hosts)
            first = f"{spoken(failed_wave.name)}: {failed_wave.why}; " if failed_wave is not None and soaked else ""
            run.state, run.message = "failed", f"{first}{left} of {total} devices had not ended by then{failed}"
        elif failed_wave is not None and failed_wave.why:
            run.state, run.message = "failed", f"{spoken(failed_wave.name)}: {failed_wave.why}"
        elif because_of := self._why_it_goes_back(hosts):
            run.state = "cancelled"
            run.message = f"its soak was ended: what it has changed is taken back because {because_of}"
        elif self.broken(hosts):
            run.state = "failed"
            run.message = f"{failures} of {total} devices failed; accepted is {accept}"
        elif failed_wave is not None:
            run.state = "failed"
            run.message = f"{spoken(failed_wave.name)}: {self.why(failed_wave.hosts)} in each wave"
        elif not self.enough and any(run.letters[host] == contracts.PENDING for host in hosts):
            run.state, run.message = "failed", ANOTHER_FAILED
        else:
            run.state = "succeeded"
            run.message = without(run.empty) if hosts else "no devices"
            self._spare()

    def _why_it_goes_back(self, hosts: Sequence[HostName]) -> str:
        """Why the last wave was ended in its soak, where that was not for a failure of its own; empty where not."""
        ended, run = self._state.ended_by, self._run
        if ended is None or all(wave.state != "cancelled" for wave in run.waves):
            return ""
        return "" if any(run.letters[host] == contracts.PENDING for host in hosts) else f"step {ended.id} failed"

    def _spare(self) -> None:
        """Remembers the devices that were cut because one had succeeded, and cleanly taken back: none has failed."""
        run = self._run
        undone = run.hosts_with(contracts.LETTERS["undone"]) if self.enough else []
        cut = [host for host in undone if host in run.messages and run.messages[host].type == "cancelled"]
        if cut and workflow.patched("enough-is-no-failure"):
            run.spared = cut
