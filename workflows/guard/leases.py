"""Who holds which device, who waits, and which devices lost runs have left behind. Pure.

A request is granted as a whole or queued as a whole, first come, first served. A run shares devices with those that it
has called, and never waits for its caller. But a caller holds devices while a run that it has called waits for others:
so nobody stands in the queue before a run that he waits for anyhow, and who would close a circle is found out before.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import assert_never

from workflows.contracts import ClaimRequest, GuardState, Holder, Lease, LeaseAnswer, LeaseRequest, Lost
from workflows.guard.claims import Claims
from workflows.guard.waits import Wait, Waits, of_one_line
from workflows.plan import HostName


class Leases:
    """The guard's memory of devices that are taken, wanted, or left behind.

    Args:
        state: What it remembers.
        claims: Who does which work, and who waits for that.
        by_lines: Whether today's rules hold, asked only where those of before differ: then all runs of one root shared
            their devices, and a queue was never changed. A guard that began under those keeps what it has decided.
    """

    def __init__(
        self, state: GuardState, claims: Claims | None = None, by_lines: Callable[[], bool] = lambda: True
    ) -> None:
        self._claims = claims or Claims(GuardState())
        self._by_lines = by_lines
        self._leases = {lease.holder.run: lease for lease in state.leases}
        self._queue = {request.holder.run: request for request in state.queue}
        self._lost = {one.holder.run: one for one in state.lost}

    @property
    def state(self) -> GuardState:
        """All of it, to be shown or carried on."""
        return GuardState(
            leases=tuple(self._leases.values()),
            queue=tuple(self._queue.values()),
            flagged=self.flagged,
            lost=tuple(self._lost.values()),
        )

    @property
    def flagged(self) -> dict[HostName, str]:
        """The devices that a run was cut off at, and its workflow id."""
        return {host: one.holder.workflow_id for one in self._lost.values() for host in one.devices}

    @property
    def somebody_waits(self) -> bool:
        """Whether there is a queue."""
        return bool(self._queue)

    def circle(self, request: LeaseRequest | ClaimRequest) -> tuple[Wait, ...]:
        """The waits that a request, for devices or for some work, would close to a circle; none, as a rule."""
        queue, work, gone = list(self._queue.values()), self._claims.state, None
        claim_queue = list(work.claim_queue)
        match request:
            case LeaseRequest():
                if request.holder.run in self._leases or request.holder.run in self._queue:
                    return ()
                queue.append(request)
            case ClaimRequest():
                if request.on_duplicate == "reject":
                    return ()
                claim_queue.append(request)
                gone = request.gone.holder.run if request.gone is not None else None
            case _:
                assert_never(request)
        waits = Waits(self._leases.values(), queue, work.claims, claim_queue, without=gone)
        return waits.circle(request.holder)

    def acquire(self, request: LeaseRequest, now: datetime) -> LeaseAnswer:
        """Grants or queues. Asked again, a holder gets the same answer. After a queueing, `advance`."""
        run = request.holder.run
        blockers: list[str] = []
        if run not in self._leases:
            waiting = self._queue.get(run)
            if waiting is None or _is_later(request.number, waiting.number):
                self._queue[run] = request  # in its old place where it has one
            self._order()
            blockers = self._blockers(request)
        if not blockers:
            self._grant(request, now)
        answer = self.answer(request.devices)
        return answer.model_copy(update={"granted": not blockers, "held_by": tuple(blockers), "number": request.number})

    def renew(self, request: LeaseRequest) -> LeaseAnswer:
        """What a run that was reset still has: its devices, a place in the queue, or neither. It is given nothing.

        It may count its requests anew from an earlier one on. Where it names other devices now than it did then, what
        it has is of no use to it.
        """
        run, number = request.holder.run, {"number": request.number}
        asked = self._leases.get(run) or self._queue.get(run)
        if asked is not None and request.needs_all and not set(request.devices) <= set(asked.devices):
            return LeaseAnswer(granted=False)
        if run in self._leases:
            self._leases[run] = self._leases[run].model_copy(update=number)
            return self.answer(self._leases[run].devices).model_copy(update=number)
        before: list[str] = []
        if run in self._queue:
            self._queue[run] = self._queue[run].model_copy(update=number)
            before = self._blockers(self._queue[run])
        return LeaseAnswer(granted=False, held_by=tuple(before))

    def answer(self, devices: Iterable[HostName]) -> LeaseAnswer:
        """What a run is told of its devices when it is granted them."""
        lost = self.left_behind(devices)
        flagged = {host: one.holder.workflow_id for one in lost for host in one.devices}
        return LeaseAnswer(granted=True, flagged=flagged, lost=lost)

    def left_behind(self, devices: Iterable[HostName]) -> tuple[Lost, ...]:
        """The lost runs that concern some devices, each with those of them that nobody has looked at."""
        wanted = set(devices)
        found = []
        for one in self._lost.values():
            mine = tuple(host for host in one.devices if host in wanted)
            if mine:
                # Since when is for people: runs of older builds know no such field.
                found.append(one.model_copy(update={"devices": mine, "since": None}))
        return tuple(found)

    def holds(self, holder: Holder) -> bool:
        """Whether it was granted what it asked for, and has not given it back."""
        return holder.run in self._leases

    def lease_of(self, holder: Holder) -> Lease | None:
        """What a holder holds."""
        return self._leases.get(holder.run)

    def has_asked_since(self, holder: Holder, number: int | None) -> bool:
        """Whether a run has made a later request than the one of this number."""
        return any(
            of.number is not None and number is not None and of.number > number
            for of in (self._leases.get(holder.run), self._queue.get(holder.run))
            if of is not None
        )

    def release(self, holder: Holder, now: datetime, *, cut_off: bool = False) -> list[Holder]:
        """Takes everything back from a holder, or forgets its request; returns the holders whose turn it is now.

        ``cut_off``: the run did not end by itself, so its devices are flagged until somebody has looked.
        """
        lease = self._leases.pop(holder.run, None)
        self._queue.pop(holder.run, None)
        if lease is not None and cut_off and lease.devices:
            self._lost[holder.run] = Lost(
                holder=holder, prepared=lease.prepared, devices=lease.devices, effects=lease.effects, since=now
            )
        return self.advance(now)

    def withdraw(self, holder: Holder) -> None:
        """Forgets that a run waits. Nobody's turn comes by that alone; `release` looks whose it is."""
        self._queue.pop(holder.run, None)

    def advance(self, now: datetime) -> list[Holder]:
        """Grants what can be granted, in turn; returns the holders whose turn it is now."""
        self._order()
        granted = []
        for request in list(self._queue.values()):
            if not self._blockers(request):
                self._grant(request, now)
                granted.append(request.holder)
        return granted

    def clear(self, devices: Iterable[HostName]) -> list[HostName]:
        """Forgets flags: a person has looked, or the next run has. Returns those that were flagged."""
        looked, before = set(devices), self.flagged
        for run, one in list(self._lost.items()):
            left = tuple(host for host in one.devices if host not in looked)
            if left:
                self._lost[run] = one.model_copy(update={"devices": left})
            else:
                del self._lost[run]
        return [host for host in before if host in looked]

    def in_the_way(self) -> list[Holder]:
        """The holders that somebody waits for, and those that wait: each may be gone."""
        wanted = {host for request in self._queue.values() for host in request.devices}
        holding = [lease.holder for lease in self._leases.values() if not wanted.isdisjoint(lease.devices)]
        return [*holding, *(request.holder for request in self._queue.values())]

    def _grant(self, request: LeaseRequest, now: datetime) -> None:
        run = request.holder.run
        self._queue.pop(run, None)
        lease = Lease(
            holder=request.holder,
            devices=request.devices,
            since=now,
            prepared=request.prepared,
            effects=request.effects,
            number=request.number,
        )
        held = self._leases.setdefault(run, lease)
        if _is_later(request.number, held.number):
            self._leases[run] = held.model_copy(update={"number": request.number})

    def _order(self) -> None:
        work = self._claims.state
        turns = Waits(self._leases.values(), self._queue.values(), work.claims, work.claim_queue).ordered()
        if turns != list(self._queue.values()) and self._by_lines():
            self._queue = {request.holder.run: request for request in turns}

    def _blockers(self, request: LeaseRequest) -> list[str]:
        """Who is before this request: holders of its devices, and earlier requests for them."""
        found = self._before(request, of_one_line)
        if found and not self._before(request, _of_one_root) and not self._by_lines():
            return []
        return found

    def _before(self, request: LeaseRequest, share: Callable[[Holder, Holder], bool]) -> list[str]:
        wanted, mine = set(request.devices), request.holder
        before: dict[str, None] = {}
        for lease in self._leases.values():
            if not share(lease.holder, mine) and not wanted.isdisjoint(lease.devices):
                before[lease.holder.workflow_id] = None
        for other in self._queue.values():
            if other.holder.run == mine.run:
                break  # those behind it do not matter
            if not share(other.holder, mine) and not wanted.isdisjoint(other.devices):
                before[other.holder.workflow_id] = None
        return list(before)


def _is_later(number: int | None, than: int | None) -> bool:
    """Whether one request of a run follows another; one of a build that counts follows those that were not counted."""
    return number is not None and (than is None or number > than)


def _of_one_root(one: Holder, other: Holder) -> bool:
    return one.root == other.root
