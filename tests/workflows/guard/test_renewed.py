"""What a run that was reset is told when it names the devices that it goes on with."""

from datetime import UTC, datetime

import pytest

from workflows.contracts import GuardState, Holder, LeaseAnswer, LeaseRequest, RunId
from workflows.guard.leases import Leases
from workflows.plan import HostName

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def request(name: str, *devices: str, needs_all: bool = False) -> LeaseRequest:
    holder = Holder(workflow_id=name, run=RunId(f"{name}-run"), root=name)
    return LeaseRequest(holder=holder, devices=tuple(map(HostName, devices)), number=1, needs_all=needs_all)


@pytest.mark.parametrize("waits", [False, True], ids=["held", "queued"])
def test_a_request_of_before_stands_for_no_other_devices(waits: bool) -> None:
    leases = Leases(GuardState())
    if waits:
        leases.acquire(request("other", "sw1"), NOW)
    leases.acquire(request("run", "sw1", "sw2"), NOW)
    fewer = leases.renew(request("run", "sw2", needs_all=True))
    assert (fewer.granted, fewer.held_by) == (not waits, ("other",) if waits else ())
    assert leases.renew(request("run", "sw2", "sw3", needs_all=True)) == LeaseAnswer(granted=False)


def test_a_run_of_an_older_build_is_told_what_it_has_whatever_it_names() -> None:
    leases = Leases(GuardState())
    leases.acquire(request("run", "sw1"), NOW)
    assert leases.renew(request("run", "sw1", "sw3")).granted
    assert "needs_all" not in request("run", "sw1").model_dump(mode="json")
