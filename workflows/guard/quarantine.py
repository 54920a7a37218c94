"""Which devices are out of service, and which failures bring a device there. Pure.

A breaker per device across runs: so many failures within so long, as the settings of the worker say that prepared the
run. What may hold a part of a change is out of service at once. A person puts a device back into service; and an undo
does, where nothing keeps it out but what that undo has taken back.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

from workflows.contracts import (
    ClearAnswer,
    ClearRecord,
    ClearRequest,
    DeviceReport,
    FailureCount,
    GuardState,
    Quarantined,
    ReleaseAnswer,
    ReleaseInput,
)
from workflows.plan import HostName

RECORDS: Final = 100  # clearings that are kept
HANDLED: Final = 500  # ids of reports that are kept
MENDED: Final = "what was left there is taken back, and the device was looked at"
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
        """Those of some devices that are out of service, as runs are told: those of older builds know no more."""
        return {host: self._out[host].model_copy(update={"left_by": ()}) for host in devices if host in self._out}

    def report(self, call: ReleaseInput, now: datetime) -> ReleaseAnswer:
        """Counts what failed in a run, once for a report. Returns what this run has brought out of service."""
        back: tuple[HostName, ...] = ()
        if call.id and call.id not in self._handled:
            self._handled[call.id] = None
            self._handled = dict.fromkeys(list(self._handled)[-HANDLED:])
            back = self._mended(call, now)
            for device in call.failed:
                self._failed(call, device, now)
            self.prune(now)
        mine = self.among(device.host for device in call.failed)
        brought = {host: one for host, one in mine.items() if one.run == call.holder.run}
        return ReleaseAnswer(quarantined=brought, back=back)

    def _mended(self, call: ReleaseInput, now: datetime) -> tuple[HostName, ...]:
        """What an undo has put right: a device comes back where nothing else keeps it out of service."""
        back = []
        for host in call.mended:
            one = self._out.get(host)
            if one is None or not one.left_by:
                continue  # it is in service, or is out of it because it failed too often
            left = tuple(run for run in one.left_by if run not in call.mends)
            if left:
                self._out[host] = one.model_copy(update={"left_by": left})
            else:
                del self._out[host]
                back.append(host)
        if back:
            self._record(
                ClearRecord(
                    by=f"run {call.holder.workflow_id}", reason=MENDED, at=now, how="update", devices=tuple(back)
                )
            )
        return tuple(back)

    def _failed(self, call: ReleaseInput, device: DeviceReport, now: datetime) -> None:
        host, because, dirty = device.host, device.because, device.dirty
        by = device.left_by or call.holder.run
        out = self._out.get(host)
        if out is not None:
            if dirty and out.left_by and by not in out.left_by:
                self._out[host] = out.model_copy(update={"left_by": (*out.left_by, by)})
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
        self._out[host] = Quarantined(
            since=now,
            because=why,
            by_run=call.holder.workflow_id,
            run=call.holder.run,
            left_by=(by,) if dirty else (),
        )

    def clear(self, request: ClearRequest, now: datetime, how: Literal["update", "signal"], id_: str) -> None:
        """Puts devices back into service; their failures count from zero again."""
        for host in request.devices:
            self._out.pop(host, None)
            self._failures.pop(host, None)
        self._record(
            ClearRecord(by=request.by, reason=request.reason, at=now, how=how, devices=request.devices, id=id_)
        )

    def _record(self, record: ClearRecord) -> None:
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
