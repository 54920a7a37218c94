"""Which devices are out of service, and which failures bring a device there. Pure.

A breaker per device across runs: so many failures within so long, as the settings of the worker say that prepared the
run. What may hold a part of a change is out of service at once. Only a person puts a device back into service.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

from workflows.contracts import (
    ClearAnswer,
    ClearRecord,
    ClearRequest,
    FailureCount,
    GuardState,
    Quarantined,
    ReleaseAnswer,
    ReleaseInput,
)
from workflows.plan import HostName

RECORDS: Final = 100  # clearings that are kept
HANDLED: Final = 500  # ids of reports that are kept
COUNTED: Final = 5_000  # devices whose failures are counted; the oldest make room


class Quarantine:
    """The guard's memory of devices that failed."""

    def __init__(self, state: GuardState) -> None:
        self._out = dict(state.quarantined)
        self._failures = dict(state.failures)
        self._cleared = list(state.cleared)
        self._handled = dict.fromkeys(state.handled)

    @property
    def state(self) -> GuardState:
        """All of it, to be shown or carried on."""
        return GuardState(
            quarantined=dict(self._out),
            failures=dict(self._failures),
            cleared=tuple(self._cleared),
            handled=tuple(self._handled),
        )

    def among(self, devices: Iterable[HostName]) -> dict[HostName, Quarantined]:
        """Those of some devices that are out of service."""
        return {host: self._out[host] for host in devices if host in self._out}

    def report(self, call: ReleaseInput, now: datetime) -> ReleaseAnswer:
        """Counts what failed in a run, once for a report. Returns what this run has brought out of service."""
        if call.id and call.id not in self._handled:
            self._handled[call.id] = None
            self._handled = dict.fromkeys(list(self._handled)[-HANDLED:])
            for device in call.failed:
                self._failed(call, device.host, device.because, now, dirty=device.dirty)
            self.prune(now)
        mine = self.among(device.host for device in call.failed)
        return ReleaseAnswer(quarantined={host: one for host, one in mine.items() if one.run == call.holder.run})

    def _failed(self, call: ReleaseInput, host: HostName, because: str, now: datetime, *, dirty: bool) -> None:
        if host in self._out:
            return
        earlier = self._failures.pop(host, None)
        live = [at for at in (earlier.expires if earlier else ()) if at > now]
        expires = [*live, now + timedelta(seconds=call.policy.within_s)]
        if not dirty and len(expires) < call.policy.failures:
            self._failures[host] = FailureCount(expires=tuple(expires), because=because)
            return
        why = because
        if not dirty and len(expires) > 1:
            why = f"{len(expires)} failures within {_hours(call.policy.within_s)}, the last one: {because}"
        self._out[host] = Quarantined(since=now, because=why, by_run=call.holder.workflow_id, run=call.holder.run)

    def clear(self, request: ClearRequest, now: datetime, how: Literal["update", "signal"], id_: str) -> None:
        """Puts devices back into service; their failures count from zero again."""
        for host in request.devices:
            self._out.pop(host, None)
            self._failures.pop(host, None)
        record = ClearRecord(by=request.by, reason=request.reason, at=now, how=how, devices=request.devices, id=id_)
        self._cleared = [*self._cleared, record][-RECORDS:]

    def answered(self, id_: str) -> ClearAnswer | None:
        """What a clearing of this id was answered, if there was one."""
        found = next((record for record in self._cleared if id_ and record.id == id_), None)
        return None if found is None else ClearAnswer(cleared=found.devices)

    def prune(self, now: datetime) -> None:
        """Forgets failures that no longer count."""
        live = {host: one for host, one in self._failures.items() if one.expires[-1] > now}
        self._failures = dict(list(live.items())[-COUNTED:])


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:g} h" if hours >= 1 else f"{seconds / 60:g} min"
