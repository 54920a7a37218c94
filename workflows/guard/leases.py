"""Who holds which device, and who waits. Pure.

A request is granted as a whole or queued as a whole, first come, first served: nobody holds some devices and waits for
others, so no two runs can wait for each other. Runs of one root share: a run never waits for the run that called it.
"""

from collections.abc import Iterable
from datetime import datetime

from workflows.contracts import GuardState, Holder, Lease, LeaseAnswer, LeaseRequest
from workflows.plan import HostName


class Leases:
    """The guard's memory."""

    def __init__(self, state: GuardState) -> None:
        self._leases = {lease.holder.run: lease for lease in state.leases}
        self._queue = {request.holder.run: request for request in state.queue}
        self._flagged = dict(state.flagged)

    @property
    def state(self) -> GuardState:
        """All of it, to be shown or carried on."""
        return GuardState(
            leases=tuple(self._leases.values()), queue=tuple(self._queue.values()), flagged=dict(self._flagged)
        )

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
        flagged = {host: self._flagged[host] for host in request.devices if host in self._flagged}
        return LeaseAnswer(granted=not blockers, held_by=tuple(blockers), flagged=flagged)

    def release(self, holder: Holder, now: datetime, *, cut_off: bool = False) -> list[Holder]:
        """Takes everything back from a holder, or forgets its request; returns the holders whose turn it is now.

        ``cut_off``: the run did not end by itself, so its devices are flagged until somebody has looked.
        """
        lease = self._leases.pop(holder.run, None)
        self._queue.pop(holder.run, None)
        if lease is not None and cut_off:
            self._flagged.update(dict.fromkeys(lease.devices, holder.workflow_id))
        granted = []
        earlier: list[LeaseRequest] = []
        for request in list(self._queue.values()):
            if self._blockers(request, earlier):
                earlier.append(request)
            else:
                self._grant(request, now)
                granted.append(request.holder)
        return granted

    def clear(self, devices: Iterable[HostName]) -> None:
        """Forgets flags: a person has looked, or a run has changed the device and proven it."""
        for host in devices:
            self._flagged.pop(host, None)

    def in_the_way(self) -> list[Holder]:
        """The holders that somebody waits for, and those that wait: each may be gone."""
        wanted = {host for request in self._queue.values() for host in request.devices}
        holding = [lease.holder for lease in self._leases.values() if not wanted.isdisjoint(lease.devices)]
        return [*holding, *(request.holder for request in self._queue.values())]

    def _grant(self, request: LeaseRequest, now: datetime) -> None:
        run = request.holder.run
        self._queue.pop(run, None)
        self._leases.setdefault(run, Lease(holder=request.holder, devices=request.devices, since=now))

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
