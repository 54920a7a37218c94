"""A step that changes devices touches none that the run has not leased, whatever has brought it to name one."""

from datetime import UTC, datetime

import pytest

from plans import changing, plan, reading, ref
from workflows import contracts
from workflows.contracts import Prepared, RunId, Scope
from workflows.plan import DevicesStep, HostName
from workflows.run.named import NotLeasedError, refuse_strangers
from workflows.run.state import RunState, StepRun

HOSTS = tuple(map(HostName, ("sw1", "sw2", "sw3")))


def state(step: DevicesStep, *leased: str) -> tuple[RunState, StepRun]:
    run = StepRun(step, letters=dict.fromkeys(HOSTS, contracts.PENDING))
    made = RunState(scope=Scope(workflow_id="run", run=RunId("1")), started=datetime(2026, 1, 1, tzinfo=UTC))
    made.prepared = Prepared(ref=ref("prepared"), plan=plan(step), inputs={}, hosts=HOSTS)
    made.steps = {step.id: run}
    made.lease.held, made.lease.devices = True, tuple(map(HostName, leased))
    return made, run


def test_a_step_that_names_a_device_that_was_not_leased_is_refused_before_it_begins() -> None:
    with pytest.raises(NotLeasedError, match="names sw2, sw3, and the run has leased its devices without"):
        refuse_strangers(*state(changing("deploy"), "sw1"))


def test_what_is_only_read_or_passed_over_needs_no_lease() -> None:
    refuse_strangers(*state(reading("look"), "sw1"))
    made, run = state(changing("deploy"), "sw1", "sw2")
    run.letters[HOSTS[2]] = contracts.LETTERS["skipped"]
    refuse_strangers(made, run)


def test_a_run_that_has_leased_its_whole_inventory_names_what_it_likes() -> None:
    made, run = state(changing("deploy"))
    made.lease.devices = None
    refuse_strangers(made, run)
