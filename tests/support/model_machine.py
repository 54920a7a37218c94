"""The state machine that hypothesis draws scenarios with: each rule adds a step, a mishap, or something people do.

Nothing is carried out while rules are drawn. When all have been, `teardown` hands the scenario over to be judged: what
a run does depends on where its batches, its devices and its people are at some moment, and cannot be drawn step by
step without waiting for each. Hypothesis makes a scenario that fails smaller by leaving rules out and values down.
"""

import sys
from abc import abstractmethod
from dataclasses import replace
from typing import Any, Final, Literal, get_args

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from model_scenario import (
    OF_DEVICES,
    Answer,
    ConfirmFault,
    Deed,
    DoFault,
    EventSpec,
    FaultSpec,
    Scenario,
    Sending,
    StepSpec,
    SystemAnswer,
    SystemFault,
    UndoFault,
)

MOST_STEPS: Final = 4
MOST_EVENTS: Final = 2
RULES: Final = 14  # drawn for one scenario

ON_FAILURE: Final = (
    *("stop", "continue", "pause"),
    *("undo failed", "undo wave", "undo step", "undo run", "undo earlier"),
)
ACCEPT: Final = ("all", "all", "all", ">= 50%", "<= 1 failed", ">= 80%", "any", "2 of 3")
# What undoes, and what it meets, is drawn more often; an attempt that is lost takes seconds to be missed.
OFTEN: Final[tuple[DoFault, ...]] = ("check_after", "partial", "unknown_after", "rejected")
QUICK: Final[tuple[DoFault, ...]] = tuple(kind for kind in get_args(DoFault) if "lost" not in kind)
LOST: Final = ("lost_before", "lost_halfway", "lost_after", "undo_lost_before", "undo_lost_after")
LOST_CONFIRMS: Final[tuple[ConfirmFault, ...]] = ("confirm_lost_before", "confirm_lost_after")
LOST_CALLS: Final[tuple[SystemFault, ...]] = ("call_lost_before", "call_lost_after")
CANCELS: Final = ("cancel", "cancel_by_operator")
OF_POOLS: Final = ("pool_dies", "pool_returns")

_NEEDS = st.sampled_from(("above", "above", "all", "none"))
_WAVES = st.lists(st.tuples(st.sampled_from((1, 2, "20%", "50%")), st.sampled_from((0, 5))), max_size=2).map(tuple)
_WINDOWS = st.sampled_from(("", "", "", "", "wait", "stop", "pause"))
_RARELY = st.sampled_from((False,) * 7 + (True,))
_STEP, _HOST = st.integers(0, 3), st.integers(0, 4)
_TIMES = st.sampled_from((1, 1, 1, 2, 4))

changes: Final = st.builds(
    StepSpec,
    needs=_NEEDS,
    narrowed=st.booleans(),
    waves=_WAVES,
    accept=st.sampled_from(ACCEPT),
    strict=st.booleans(),
    concurrency=st.sampled_from((2, 1, 3)),
    breaker=st.sampled_from((False, False, False, True)),
    undo=st.sampled_from((True, True, True, True, True, False)),
    on_failure=st.sampled_from(ON_FAILURE),
    checked=st.sampled_from((True, True, False)),
    attempts=st.sampled_from((2, 1)),
    grouping=st.sampled_from(("", "", "", "order", "together", "apart")),
    confirm=st.sampled_from(("", "", "device", "wave", "wave", "best_effort")),
    deadline=st.sampled_from(("", "", "", "", "stop", "undo", "skip")),
    guarded=st.booleans(),
    window=_WINDOWS,
    maintained=st.sampled_from(("", "", "looks", "changes")),
    applies=st.booleans(),
).filter(lambda spec: (spec.accept, spec.grouping) != ("any", "together"))  # the compiler refuses that
proposals: Final = st.builds(
    StepSpec,
    verb=st.just("propose"),
    needs=_NEEDS,
    narrowed=st.booleans(),
    waves=_WAVES,
    accept=st.sampled_from((">= 50%", "<= 1 failed", *ACCEPT)),
    on_failure=st.sampled_from(("continue", "pause", *ON_FAILURE)),  # what stands behind it is what counts
    attempts=st.sampled_from((2, 1)),
)
reads: Final = st.builds(
    StepSpec,
    verb=st.just("read"),
    maintained=st.sampled_from(("", "", "", "looks")),
    needs=_NEEDS,
    narrowed=st.booleans(),
    waves=_WAVES,
    accept=st.sampled_from(ACCEPT),
    on_failure=st.sampled_from(ON_FAILURE),
    attempts=st.sampled_from((2, 1)),
    guarded=st.booleans(),
)
calls_of_systems: Final = st.builds(
    StepSpec,
    verb=st.sampled_from(("get", "post", "script")),
    needs=_NEEDS,
    on_failure=st.sampled_from(ON_FAILURE),
    attempts=st.sampled_from((2, 1)),
    on_block=st.sampled_from(("abort", "proceed", "ask")),
    guarded=st.booleans(),
)
pauses: Final = st.builds(
    StepSpec,
    verb=st.sampled_from(("gate", "wait", "signal", "signal")),
    needs=_NEEDS,
    on_failure=st.sampled_from(ON_FAILURE),
    via=st.booleans(),
)
gates: Final = st.builds(
    StepSpec,
    verb=st.just("gate"),
    on_failure=st.sampled_from(ON_FAILURE),
    binds=st.just(True),
    via=st.booleans(),
)
calls: Final = st.builds(
    StepSpec,
    verb=st.just("call"),
    needs=_NEEDS,
    on_failure=st.sampled_from(ON_FAILURE),
    guarded=st.booleans(),
    part=st.lists(st.one_of(changes, calls_of_systems, reads), min_size=1, max_size=2).map(tuple),
)


class Campaign(RuleBasedStateMachine):
    """One scenario as it comes about."""

    def __init__(self) -> None:
        super().__init__()
        self._scenario = Scenario(1, ())

    @abstractmethod
    def judge(self, scenario: Scenario) -> None:
        """Takes the whole of it, and raises where it breaks a rule."""

    @initialize(hosts=st.integers(1, 5), first=st.one_of(changes, changes, calls, calls_of_systems))
    def begin(self, hosts: int, first: StepSpec) -> None:
        """There are devices, and something to do."""
        self._scenario = replace(self._scenario, hosts=hosts, steps=(first,))

    @initialize(
        mode=st.sampled_from(("apply",) * 6 + ("plan", "planned", "planned", "moved")),
        pool=st.sampled_from(("",) * 6 + ("served", "served", "unserved")),
        gate=st.sampled_from(("approve", "approve", "approve", "stale", "reject", "silence")),
        cold=_RARELY,
        twice=st.sampled_from((None,) * 12 + ("", "join", "queue", "reject")),
        short=_RARELY,
        night=st.sampled_from((True, True, False)),
        system=st.lists(st.sampled_from(get_args(SystemAnswer)), max_size=3).map(tuple),
    )
    def suppose(self, twice: Literal["", "join", "queue", "reject"] | None, **circumstances: Any) -> None:
        """What makes it harder for the workers or for the run, and what people say at gates."""
        twin = twice is not None
        self._scenario = replace(self._scenario, rival=twin, dedup=twice or "", **circumstances)

    # ------------------------------------------------------------------------------------------------------- steps

    @property
    def _has_room(self) -> bool:
        return len(self._scenario.steps) < MOST_STEPS

    def _add(self, step: StepSpec) -> None:
        self._scenario = replace(self._scenario, steps=(*self._scenario.steps, step))

    @precondition(lambda self: self._has_room)
    @rule(step=changes)
    def change(self, step: StepSpec) -> None:
        """A step changes devices."""
        self._add(step)

    @precondition(lambda self: len(self._scenario.steps) <= MOST_STEPS // 2)
    @rule(proposal=proposals, gate=st.one_of(gates, gates, pauses, st.none()), step=changes, moves=st.none() | _HOST)
    def propose(self, proposal: StepSpec, gate: StepSpec | None, step: StepSpec, moves: int | None) -> None:
        """A step proposes what one behind it applies, with a gate or a wait between them; a device may move then."""
        between = () if gate is None else (gate,)
        for one in (proposal, *between, replace(step, needs="above", applies=True)):
            self._add(one)
        if moves is not None:
            about = sum(one.verb in OF_DEVICES for one in self._scenario.steps)
            self._fail(FaultSpec(about - 1, moves, "drifts"))

    @precondition(lambda self: self._has_room)
    @rule(step=st.one_of(reads, pauses))
    def read_or_wait(self, step: StepSpec) -> None:
        """A step reads devices, or waits."""
        self._add(step)

    @precondition(lambda self: self._has_room)
    @rule(step=st.one_of(calls_of_systems, calls))
    def call(self, step: StepSpec) -> None:
        """A step calls a system, or another definition."""
        self._add(step)

    # ----------------------------------------------------------------------------------------------------- mishaps

    def _fail(self, fault: FaultSpec) -> None:
        self._scenario = replace(self._scenario, faults=(*self._scenario.faults, fault))

    @rule(step=_STEP, host=_HOST, kind=st.sampled_from(OFTEN), times=_TIMES)
    def fail_often(self, step: int, host: int, kind: DoFault, times: int) -> None:
        """A device fails in one of the ways that lead to an undo."""
        self._fail(FaultSpec(step, host, kind, times))

    @rule(step=_STEP, host=_HOST, kind=st.sampled_from((*QUICK, "again")), times=_TIMES)
    def fail(self, step: int, host: int, kind: DoFault, times: int) -> None:
        """A device fails in any way; one that has succeeded may fail the second look."""
        self._fail(FaultSpec(step, host, kind, times))

    @rule(
        step=_STEP,
        host=_HOST,
        kind=st.sampled_from([*get_args(UndoFault)[:3], "undo_leave_fails", *get_args(ConfirmFault)[:2]]),
    )
    def fail_later(self, step: int, host: int, kind: UndoFault) -> None:
        """A device cannot be taken back, or not be confirmed."""
        self._fail(FaultSpec(step, host, kind))

    @rule(step=_STEP, host=_HOST, kind=st.sampled_from((*LOST, *LOST_CONFIRMS, *LOST_CALLS)))
    def lose(self, step: int, host: int, kind: DoFault) -> None:
        """A worker dies with what it was about."""
        self._fail(FaultSpec(step, host, kind))

    @rule(
        step=_STEP, kind=st.sampled_from([kind for kind in get_args(SystemFault) if "lost" not in kind]), times=_TIMES
    )
    def fail_a_system(self, step: int, kind: SystemFault, times: int) -> None:
        """A system does not answer, or not as expected."""
        self._fail(FaultSpec(step, 0, kind, times))

    @precondition(lambda self: self._scenario.mode != "apply")
    @rule(step=_STEP, host=_HOST)
    def fail_to_plan(self, step: int, host: int) -> None:
        """Nothing can be proposed for a device."""
        self._fail(FaultSpec(step, host, "unplannable"))

    # ------------------------------------------------------------------------------------------------------ people

    def _act(self, event: EventSpec) -> None:
        self._scenario = replace(self._scenario, events=(*self._scenario.events, event))

    @precondition(lambda self: len(self._scenario.events) < MOST_EVENTS)
    @rule(after=st.integers(1, 40), deed=st.sampled_from(CANCELS))
    def cancel(self, after: int, deed: Deed) -> None:
        """Somebody cancels the run."""
        self._act(EventSpec(after, deed))

    @precondition(lambda self: len(self._scenario.events) < MOST_EVENTS)
    @rule(after=st.integers(1, 40), deed=st.sampled_from(("restart", "pause", "concurrency")))
    def meddle(self, after: int, deed: Deed) -> None:
        """An operator does something, or a worker dies."""
        self._act(EventSpec(after, deed))

    @precondition(lambda self: any(step.verb == "signal" for step in self._scenario.steps))
    @rule(after=st.integers(1, 20), deed=st.sampled_from(get_args(Sending)))
    def send(self, after: int, deed: Deed) -> None:
        """Somebody sends a signal, before a step waits for it or while it does."""
        self._act(EventSpec(after, deed))

    @precondition(lambda self: self._scenario.pool == "served")
    @rule(after=st.integers(1, 20), deed=st.sampled_from(OF_POOLS))
    def change_the_pool(self, after: int, deed: Deed) -> None:
        """The worker of the pool dies, or another one takes its place."""
        self._act(EventSpec(after, deed))

    @rule(answer=st.sampled_from(("retry", *get_args(Answer))))
    def answer(self, answer: Answer) -> None:
        """An operator answers a step that asks."""
        self._scenario = replace(self._scenario, answers=(*self._scenario.answers, answer))

    def teardown(self) -> None:
        """The scenario is carried out, unless hypothesis has given it up while it drew."""
        if sys.exc_info()[1] is None and self._scenario.steps:
            self.judge(self._scenario)
