"""What a run tells the guard of its devices at the end, and people of those taken out of service. Pure.

A failure counts against a device where a step that changes devices failed on it, by itself: not where it was taken back
because of others, where a colleague had changed it meanwhile, or where a part of netsaga was not available.
"""

from collections.abc import Mapping
from typing import Final

from workflows import contracts
from workflows.contracts import DeviceReport, Quarantined, ReleaseAnswer
from workflows.errors import FailureType
from workflows.plan import HostName
from workflows.run.state import FAILED, RunState, StepRun
from workflows.wording import shortened, some

NOT_ITS_OWN: Final[frozenset[FailureType]] = frozenset(
    {"cancelled", "drifted", "invalid_input", "block_unavailable", "block_degraded"}
)
LENGTH: Final = 160  # characters of a reason, as the guard keeps it
NAMED: Final = 10  # devices that a notification lists


def failed(state: RunState) -> tuple[DeviceReport, ...]:
    """What failed on devices in the steps that the guard has not heard of yet; each device once, in order."""
    left_by = state.lease.left_by
    found: dict[HostName, DeviceReport] = {
        host: DeviceReport(host=host, because=shortened(why, LENGTH), dirty=True, left_by=left_by.get(host))
        for host, why in state.lease.dirty.items()
    }
    state.lease.dirty = {}
    for run in state.all_steps():
        if run.id in state.lease.reported or not run.changes:
            continue
        if run.letters:
            state.lease.reported.append(run.id)
        for host in run.hosts_with(FAILED):
            report = _report(run, host)
            if report is not None and (host not in found or report.dirty):
                found[host] = report
    return tuple(found.values())


def mended(state: RunState) -> tuple[HostName, ...]:
    """The devices out of service that an undo of another run has restored: nothing of that run's is left there.

    To be asked before `failed`, which forgets what a lost run has left.
    """
    out = state.lease.barred if state.mends else {}
    taken = dict.fromkeys(host for hosts in state.undoing.values() for host in hosts if host in out)
    stands = {
        host
        for run in state.all_steps()
        for host in taken
        if run.changes and host in run.letters and (run.letters[host] == contracts.CHANGED or run.in_between(host))
    }
    return tuple(host for host in taken if host not in stands and host not in state.lease.dirty)


def in_service(answer: ReleaseAnswer) -> str:
    """Which devices an undo has put back into service, for the end of a message; nothing where there are none."""
    return f"; back in service: {some(answer.back, NAMED)}" if answer.back else ""


def _report(run: StepRun, host: HostName) -> DeviceReport | None:
    info, letter = run.messages.get(host), run.letters[host]
    said = shortened(f"step {run.id}: {info.message if info else 'it failed'}", LENGTH)
    if run.in_between(host):
        return DeviceReport(host=host, because=said, dirty=True)
    if letter == contracts.LETTERS["quarantined"] or (info is not None and info.type in NOT_ITS_OWN):
        return None
    return DeviceReport(host=host, because=said)


def note_alerts(state: RunState, quarantined: Mapping[HostName, Quarantined]) -> None:
    """Notes what people are to be told: breakers that have opened, and devices taken out of service."""
    for run in state.all_steps():
        if run.tripped and not run.alerted:
            run.alerted = True
            state.lease.alerts.append(f"step {run.id}: {run.message}; no new device was started")
    if quarantined:
        named = some([f"{host} ({one.because})" for host, one in quarantined.items()], NAMED)
        state.lease.alerts.append(
            f"quarantined, and changed by no run until somebody has cleared them: {named}. "
            "`netsaga quarantine` lists them."
        )
