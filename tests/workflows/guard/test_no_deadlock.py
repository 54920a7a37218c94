"""Runs that call each other at random, hold devices and do work alone: whatever they ask for, all of them end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations, pairwise
from random import Random
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.contracts import ClaimRequest, GuardState, Holder, LeaseRequest, RunId
from workflows.guard.claims import Claims
from workflows.guard.leases import Leases
from workflows.guard.waits import of_one_line
from workflows.plan import HostName

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Script:
    """What a run does: some work alone, devices, and runs that it calls, some of them side by side."""

    key: str | None
    on_duplicate: Literal["queue", "join"]
    devices: frozenset[str]
    asks_at: int  # the stage at which it asks for its devices
    stages: tuple[tuple["Script", ...], ...]  # one after the other; those of one stage side by side


def scripts(depth: int = 2) -> st.SearchStrategy[Script]:
    stage = st.lists(scripts(depth - 1), max_size=2).map(tuple) if depth else st.just(())
    return st.builds(
        Script,
        key=st.sampled_from([None, "1", "2"]),
        on_duplicate=st.sampled_from(["queue", "queue", "join"]),
        devices=st.frozensets(st.sampled_from("abc"), max_size=2),
        asks_at=st.integers(0, 1),
        stages=st.lists(stage, min_size=2, max_size=2).map(tuple),
    )


@dataclass(eq=False)
class Run:
    """One of them, as far as it is."""

    name: str
    script: Script
    stage: int = -1
    waits: bool = False  # for the guard
    ended: bool = False
    called: list["Run"] = field(default_factory=list)

    @property
    def holder(self) -> Holder:
        return Holder(workflow_id=self.name, run=RunId(self.name), root=self.name.partition("/")[0])

    @property
    def ready(self) -> bool:
        return not (self.waits or self.ended) and all(one.ended for one in self.called)


class Crowd:
    """All of them, and what the guard's workflow asks on their behalf, in the same order."""

    def __init__(self, roots: list[Script]) -> None:
        self.claims = Claims(GuardState())
        self.leases = Leases(GuardState(), self.claims)
        self.runs = {f"run{index}": Run(f"run{index}", script) for index, script in enumerate(roots)}

    def live(self, chance: Random) -> None:
        """One thing after the other, until nobody can do anything."""
        while ready := [run for run in self.runs.values() if run.ready]:
            self.go_on(chance.choice(ready))
            leases = self.leases.state.leases
            for one, other in combinations(leases, 2):
                shared = set(one.devices) & set(other.devices)
                assert not shared or of_one_line(one.holder, other.holder), "two at work on one device"

    def go_on(self, run: Run) -> None:
        """A run comes to its next stage, or to its end."""
        run.stage += 1
        if run.stage == 0 and run.script.key is not None and not self.claim(run, run.script.key):
            return
        if run.stage >= len(run.script.stages):
            self.end(run)
            return
        for index, script in enumerate(run.script.stages[run.stage]):
            called = Run(f"{run.name}/{run.stage}{index}", script)
            run.called.append(called)
            self.runs[called.name] = called
        if run.stage == run.script.asks_at and run.script.devices:
            self.ask(run)

    def claim(self, run: Run, key: str) -> bool:
        script = run.script
        request = ClaimRequest(holder=run.holder, definition="work", key=key, on_duplicate=script.on_duplicate)
        if self.refuses(run, request):
            return False
        answer = self.claims.claim(request, NOW)
        if not answer.granted:
            run.waits, run.stage = True, -1 if script.on_duplicate == "queue" else len(script.stages)
            self.tell(self.leases.advance(NOW))
        return answer.granted

    def ask(self, run: Run) -> None:
        request = LeaseRequest(holder=run.holder, devices=tuple(HostName(one) for one in sorted(run.script.devices)))
        if self.refuses(run, request):
            return
        run.waits = not self.leases.acquire(request, NOW).granted
        if run.waits:
            self.tell(self.leases.advance(NOW))

    def refuses(self, run: Run, request: LeaseRequest | ClaimRequest) -> bool:
        circle = self.leases.circle(request)
        for one, other in pairwise((*circle, *circle[:1])):
            assert one.behind.run == other.run.run, "each waits for the next"
        if circle:
            run.stage = len(run.script.stages)  # it goes on to its end, when what it has called has ended
        return bool(circle)

    def end(self, run: Run) -> None:
        run.ended = True
        self.tell(self.leases.release(run.holder, NOW))
        for holder, answer in self.claims.release(run.holder, NOW):
            assert answer.to == holder.run
            self.runs[holder.run].waits = False

    def tell(self, holders: list[Holder]) -> None:
        for holder in holders:
            self.runs[holder.run].waits = False

    def left(self) -> Iterator[str]:
        yield from (run.name for run in self.runs.values() if not run.ended)


@settings(max_examples=60)
@given(st.lists(scripts(), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_whatever_runs_ask_for_all_of_them_end(roots: list[Script], chance: Random) -> None:
    crowd = Crowd(roots)
    crowd.live(chance)
    assert not list(crowd.left())
    state = crowd.leases.state
    assert (state.leases, state.queue) == ((), ())
    assert crowd.claims.state == GuardState()
