"""Who waits for whom among the runs that the guard knows, and whether that is a circle. Pure.

A run ends when it was granted what it asked for and every run that it has called has ended, and only then it gives back
what it holds. So a circle of these three waits never ends: for devices that a run of another line holds, for the work
that another run does (`dedup`), for a run that was called. The order in a queue is no such wait: it is the guard's to
choose, and `ordered` chooses it so that nobody stands before a run that it waits for itself.

A run waits for all of these at once, so every circle is a deadlock, and there are no others (the AND model of E. Knapp,
"Deadlock Detection in Distributed Databases", ACM Computing Surveys 19(4), 1987).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from workflows.contracts import Claim, ClaimRequest, Holder, Lease, LeaseRequest, RunId
from workflows.plan import HostName
from workflows.wording import some

NAMED: Final = 3  # devices that a message lists


@dataclass(frozen=True, slots=True)
class Wait:
    """A run that cannot end before another one has ended, and why, as ``needs sw1 of run-7``."""

    run: Holder
    behind: Holder
    because: str


def has_called(caller: Holder, called: Holder) -> bool:
    """Whether one run has called the other, itself or through others: such an id begins with the caller's."""
    return caller.root == called.root and called.workflow_id.startswith(f"{caller.workflow_id}/")


def of_one_line(one: Holder, other: Holder) -> bool:
    """Whether two runs share devices: they are the same, or one has called the other and waits for it.

    Two runs that a third one has called side by side do not: both may be at work on one device.
    """
    return one.run == other.run or has_called(one, other) or has_called(other, one)


class Waits:
    """The waits of one moment.

    Args:
        leases: Who holds which devices.
        queue: Who waits for devices, in turn.
        claims: Who does which work.
        claim_queue: Who waits for some work to be done, or to be done with.
        without: A run that has ended meanwhile.
    """

    def __init__(
        self,
        leases: Iterable[Lease],
        queue: Iterable[LeaseRequest],
        claims: Iterable[Claim],
        claim_queue: Iterable[ClaimRequest],
        *,
        without: RunId | None = None,
    ) -> None:
        self._queue = [one for one in queue if one.holder.run != without]
        self._wanted = {one.holder.run: one for one in self._queue}
        self._claims = {(one.definition, one.key): one.holder for one in claims if one.holder.run != without}
        self._claimed = {one.holder.run: one for one in claim_queue if one.holder.run != without}
        holding = [one for one in leases if one.holder.run != without]
        self._holding = holding
        self._reach: dict[RunId, set[RunId]] = {}
        self._known = {
            holder.run: holder
            for holder in (
                *(lease.holder for lease in holding),
                *(request.holder for request in self._queue),
                *self._claims.values(),
                *(request.holder for request in self._claimed.values()),
            )
        }

    def circle(self, run: Holder) -> tuple[Wait, ...]:
        """The waits from a run back to itself, the first for devices or for some work; none, as a rule."""
        if not self._is_waited_for(run):
            return ()
        paths = deque[tuple[Wait, ...]]((wait,) for wait in (*self._for_devices(run), *self._for_work(run)))
        seen: set[RunId] = set()
        while paths:
            path = paths.popleft()
            last = path[-1].behind
            if last.run == run.run:
                return path
            if last.run not in seen:
                seen.add(last.run)
                paths.extend((*path, wait) for wait in self._of(last))
        return ()

    def ordered(self) -> list[LeaseRequest]:
        """The queue for devices: first come, first served, but nobody before a run that he waits for anyhow."""
        turns = list(self._queue)
        for one in self._queue:
            if self._is_waited_for(one.holder):
                place = turns.index(one)
                waiting = self._waiting_for(one, turns[:place])
                before = [other for other in turns[:place] if other.holder.run not in waiting]
                after = [other for other in turns[:place] if other.holder.run in waiting]
                turns = [*before, one, *after, *turns[place + 1 :]]
        return turns

    def _waiting_for(self, one: LeaseRequest, earlier: Sequence[LeaseRequest]) -> set[RunId]:
        """Those of the earlier requests that wait for one anyhow, or behind such a request."""
        found = {other.holder.run for other in earlier if one.holder.run in self._reached(other.holder)}
        known = 0
        while known < len(found):
            known = len(found)
            passed: list[LeaseRequest] = []
            for other in earlier:
                queued = any(_in_the_way(before, other) for before in passed)
                if queued or other.holder.run in found or not found.isdisjoint(self._reached(other.holder)):
                    found.add(other.holder.run)
                    passed.append(other)
        return found

    # ------------------------------------------------------------------------------------------------------- waits

    @cached_property
    def _at_wanted_work(self) -> frozenset[RunId]:
        wanted = {(one.definition, one.key) for one in self._claimed.values()}
        return frozenset(holder.run for work, holder in self._claims.items() if work in wanted)

    @cached_property
    def _holders(self) -> Mapping[HostName, Sequence[Holder]]:
        found: dict[HostName, list[Holder]] = {}
        for lease in self._holding:
            for host in lease.devices:
                found.setdefault(host, []).append(lease.holder)
        return found

    def _is_waited_for(self, run: Holder) -> bool:
        """Whether anybody may wait for a run that is itself not holding devices yet; quick, for most are not."""
        if run.run in self._at_wanted_work:
            return True
        return "/" in run.workflow_id and any(has_called(other, run) for other in self._known.values())

    def _reached(self, run: Holder) -> set[RunId]:
        """All that a run waits for, itself or by way of others."""
        if run.run not in self._reach:
            found = self._reach[run.run] = set[RunId]()
            left = [run]
            while left:
                for wait in self._of(left.pop()):
                    if wait.behind.run not in found:
                        found.add(wait.behind.run)
                        left.append(wait.behind)
        return self._reach[run.run]

    def _of(self, run: Holder) -> Iterator[Wait]:
        yield from self._for_devices(run)
        yield from self._for_work(run)
        for other in self._known.values():
            if has_called(run, other):
                yield Wait(run, other, f"has called {other.workflow_id}")

    def _for_devices(self, run: Holder) -> Iterator[Wait]:
        request = self._wanted.get(run.run)
        held: dict[RunId, tuple[Holder, list[HostName]]] = {}
        for host in request.devices if request is not None else ():
            for holder in self._holders.get(host, ()):
                if not of_one_line(run, holder):
                    held.setdefault(holder.run, (holder, []))[1].append(host)
        for holder, hosts in held.values():
            yield Wait(run, holder, f"needs {some(hosts, NAMED)} of {holder.workflow_id}")

    def _for_work(self, run: Holder) -> Iterator[Wait]:
        request = self._claimed.get(run.run)
        holder = self._claims.get((request.definition, request.key)) if request is not None else None
        if request is not None and holder is not None and holder.run != run.run:
            work = f"{request.definition} for {request.key!r}"
            yield Wait(run, holder, f"waits for {holder.workflow_id}, which does {work}")


def told(circle: Sequence[Wait]) -> str:
    """A circle for people: first who would wait for whom, then the waits one by one."""
    first = circle[0]
    waits = "; ".join(f"{wait.run.workflow_id} {wait.because}" for wait in circle)
    return (
        f"run {first.run.workflow_id} and run {first.behind.workflow_id} would wait for each other for ever: {waits}. "
        f"So this one is refused, and the other goes on; start it again when {first.behind.workflow_id} has ended."
    )


def _in_the_way(one: LeaseRequest, other: LeaseRequest) -> bool:
    return not of_one_line(one.holder, other.holder) and not set(one.devices).isdisjoint(other.devices)
