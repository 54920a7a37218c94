"""What counts against a device, and what does not."""

from datetime import UTC, datetime
from typing import Any

import pytest

from plans import changing, plan, reading, ref
from workflows import contracts
from workflows.contracts import FailureInfo, Prepared, RunId, Scope
from workflows.plan import HostName
from workflows.run import reports
from workflows.run.state import RunState, StepRun

SW1 = HostName("sw1")


def state(letter: str, kind: Any = None, *, changes: bool = True, undo: bool = True) -> RunState:
    """A run of one step that has ended so on one device."""
    step = changing("deploy") if changes else reading("deploy")
    if not undo:
        step = step.model_copy(update={"undo": ()})
    run = StepRun(step, letters={SW1: letter})
    if kind is not None:
        run.messages[SW1] = FailureInfo(type=kind, message="it said no")
    found = RunState(Scope(workflow_id="a", run=RunId("a-run")), datetime(2026, 1, 1, tzinfo=UTC))
    found.prepared = Prepared(ref=ref("prepared"), plan=plan(step), inputs={}, hosts=(SW1,))
    found.steps = {step.id: run}
    return found


@pytest.mark.parametrize(
    ("letter", "kind", "counts"),
    [
        ("s", None, False),
        (contracts.CHANGED, None, False),
        ("f", "check_failed", True),
        ("f", "rejected_by_device", True),
        ("u", "unreachable", True),
        ("x", "check_failed", True),  # undone because it failed itself
        ("x", "cancelled", False),  # undone because of others
        ("f", "drifted", False),
        ("f", "block_unavailable", False),
        ("q", "cancelled", False),
        ("k", "cancelled", False),
    ],
)
def test_what_a_device_has_failed_by_itself_counts_against_it(letter: str, kind: Any, counts: bool) -> None:
    assert bool(reports.failed(state(letter, kind))) is counts


def test_a_step_that_reads_counts_against_nobody() -> None:
    assert reports.failed(state("u", "unreachable", changes=False)) == ()


@pytest.mark.parametrize(
    ("letter", "kind", "undo"),
    [("?", "outcome_unknown", True), ("!", "undo_failed", True), ("f", "partially_applied", False)],
)
def test_a_device_that_may_hold_a_part_of_a_change_is_dirty(letter: str, kind: Any, undo: bool) -> None:
    (report,) = reports.failed(state(letter, kind, undo=undo))
    assert (report.dirty, report.because) == (True, "step deploy: it said no")


def test_a_step_is_reported_once() -> None:
    found = state("f", "check_failed")
    assert len(reports.failed(found)) == 1
    assert reports.failed(found) == ()
