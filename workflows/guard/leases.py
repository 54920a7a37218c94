"""Who holds which device, who waits, and which devices lost runs have left behind. Pure.

A request is granted as a whole or queued as a whole, first come, first served: nobody holds some devices and waits for
others, so no two runs can wait for each other. Runs of one root share: a run never waits for the run that called it.
"""

from collections.abc import Iterable
from datetime import datetime

from workflows.contracts import GuardState, Holder, Lease, LeaseAnswer, LeaseRequest, Lost
from workflows.plan import HostName


class Leases:
    """The guard's memory of devices that are taken, wanted, or left behind."""

    def __init__(self, state: GuardState) -> None:
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

    def acquire(self, request: LeaseRequest, now: datetime) -> LeaseAnswer:
        """Grants or queues. Asked again, a holder gets the same answer."""
        run = request.holder.run
        blockers = [] if run in self._leases else self._blockers(request, self._queue.values())
        if not blockers:
            self._grant(request, now)
        else:
            self._queue.setdefault(run, request)
        return self.answer(request.devices).model_copy(update={"granted": not blockers, "held_by": tuple(blockers)})

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
                found.append(one.model_copy(update={"devices": mine}))
        return tuple(found)

    def devices_of(self, holder: Holder) -> tuple[HostName, ...]:
        """What a holder holds."""
        lease = self._leases.get(holder.run)
        return lease.devices if lease is not None else ()

    def release(self, holder: Holder, now: datetime, *, cut_off: bool = False) -> list[Holder]:
        """Takes everything back from a holder, or forgets its request; returns the holders whose turn it is now.

        ``cut_off``: the run did not end by itself, so its devices are flagged until somebody has looked.
        """
        lease = self._leases.pop(holder.run, None)
        self._queue.pop(holder.run, None)
        if lease is not None and cut_off and lease.devices:
            self._lost[holder.run] = Lost(holder=holder, prepared=lease.prepared, devices=lease.devices)
        granted = []
        earlier: list[LeaseRequest] = []
        for request in list(self._queue.values()):
            if self._blockers(request, earlier):
                earlier.append(request)
            else:
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
        lease = Lease(holder=request.holder, devices=request.devices, since=now, prepared=request.prepared)
        self._leases.setdefault(run, lease)

    def _blockers(self, request: LeaseRequest, earlier: Iterable[LeaseRequest]) -> list[str]:
        """Who is before this request: holders of its devices, and earlier requests for them."""
        wanted, root = set(request.devices), request.holder.root
        before: dict[str, None] = {}
        for lease in self._leases.values():
            if lease.holder.root != root and not wanted.isdisjoint(lease.devices):
                before[lease.holder.workflow_id] = None
        for other in earlier:
            if other.holder.run == request.holder.run:
                break  # those behind it do not matter
            if other.holder.root != root and not wanted.isdisjoint(other.devices):
                before[other.holder.workflow_id] = None
        return list(before)
