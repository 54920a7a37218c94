"""Which failures bring a device out of service, and who brings it back."""

from datetime import UTC, datetime, timedelta

from workflows.contracts import ClearRequest, DeviceReport, GuardPolicy, GuardState, Holder, ReleaseInput, RunId
from workflows.guard.quarantine import COUNTED, HANDLED, RECORDS, Quarantine
from workflows.plan import HostName

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = GuardPolicy(failures=3, within_s=86_400)


def report(run: str, *hosts: str, dirty: bool = False, policy: GuardPolicy = POLICY) -> ReleaseInput:
    return ReleaseInput(
        holder=Holder(workflow_id=run, run=RunId(f"{run}-run"), root=run),
        id=f"{run}/1",
        failed=tuple(DeviceReport(host=HostName(host), because="it said no", dirty=dirty) for host in hosts),
        policy=policy,
    )


def test_so_many_failures_within_so_long_quarantine_a_device() -> None:
    guard = Quarantine(GuardState())
    assert guard.report(report("a", "sw1"), NOW).quarantined == {}
    assert guard.report(report("b", "sw1"), NOW + HOUR).quarantined == {}
    found = guard.report(report("c", "sw1", "sw2"), NOW + 2 * HOUR).quarantined
    assert list(found) == ["sw1"]
    assert found[HostName("sw1")].because == "3 failures within 24 h, the last one: it said no"
    assert (found[HostName("sw1")].by_run, found[HostName("sw1")].since) == ("c", NOW + 2 * HOUR)


def test_failures_that_are_too_old_do_not_count() -> None:
    guard = Quarantine(GuardState())
    guard.report(report("a", "sw1"), NOW)
    guard.report(report("b", "sw1"), NOW + HOUR)
    assert guard.report(report("c", "sw1"), NOW + timedelta(hours=24, minutes=30)).quarantined == {}
    assert list(guard.report(report("d", "sw1"), NOW + timedelta(hours=24, minutes=40)).quarantined) == ["sw1"]


def test_a_device_that_may_hold_a_part_of_a_change_is_quarantined_at_once() -> None:
    guard = Quarantine(GuardState())
    found = guard.report(report("a", "sw1", dirty=True), NOW).quarantined
    assert found[HostName("sw1")].because == "it said no"


def test_a_report_counts_once_and_is_answered_the_same_each_time() -> None:
    guard = Quarantine(GuardState())
    guard.report(report("a", "sw1"), NOW)
    guard.report(report("a", "sw1"), NOW)
    again = Quarantine(GuardState.model_validate_json(guard.state.model_dump_json()))
    again.report(report("a", "sw1"), NOW)
    assert len(again.state.failures[HostName("sw1")].expires) == 1
    dirty = report("b", "sw2", dirty=True)
    assert again.report(dirty, NOW) == again.report(dirty, NOW)


def test_a_device_that_is_out_of_service_keeps_its_first_reason() -> None:
    guard = Quarantine(GuardState())
    guard.report(report("a", "sw1", dirty=True), NOW)
    assert guard.report(report("b", "sw1", dirty=True), NOW).quarantined == {}
    assert guard.state.quarantined[HostName("sw1")].by_run == "a"


def test_what_is_cleared_counts_from_zero_again_and_is_recorded() -> None:
    guard = Quarantine(GuardState())
    for run in "abc":
        guard.report(report(run, "sw1"), NOW)
    request = ClearRequest(by="olga", devices=(HostName("sw1"),), reason="new module")
    guard.clear(request, NOW, "update", "u1")
    assert guard.among([HostName("sw1")]) == {}
    assert guard.report(report("d", "sw1"), NOW).quarantined == {}
    (record,) = guard.state.cleared
    assert (record.by, record.reason, record.at, record.how) == ("olga", "new module", NOW, "update")
    answer = guard.answered("u1")
    assert answer is not None
    assert answer.cleared == ("sw1",)
    assert guard.answered("") is None


def test_the_memory_has_bounds() -> None:
    guard = Quarantine(GuardState())
    for number in range(HANDLED + 10):
        guard.report(report(f"run-{number}", *(f"sw{number}-{index}" for index in range(20))), NOW)
    for _ in range(RECORDS + 10):
        guard.clear(ClearRequest(by="olga", devices=(HostName("sw1"),)), NOW, "signal", "")
    state = guard.state
    assert (len(state.failures), len(state.handled), len(state.cleared)) == (COUNTED, HANDLED, RECORDS)
    guard.prune(NOW + timedelta(days=2))
    assert guard.state.failures == {}


def undo(run: str, *hosts: str, of: str) -> ReleaseInput:
    """The release of a run that has taken back what others, named by one letter each, had left."""
    mends = tuple(RunId(f"{one}-run") for one in of)
    return report(run).model_copy(update={"mended": tuple(map(HostName, hosts)), "mends": mends})


def test_an_undo_brings_back_what_only_the_runs_that_it_has_taken_back_had_left_in_between() -> None:
    guard = Quarantine(GuardState())
    guard.report(report("a", "sw1", "sw2", dirty=True), NOW)
    guard.report(report("b", "sw1", dirty=True), NOW)
    assert guard.report(undo("u", "sw1", "sw2", of="a"), NOW + HOUR).back == ("sw2",)
    assert guard.state.quarantined[HostName("sw1")].left_by == ("b-run",)
    (record,) = guard.state.cleared
    assert (record.by, record.devices, record.at) == ("run u", ("sw2",), NOW + HOUR)
    again = Quarantine(GuardState.model_validate_json(guard.state.model_dump_json()))
    assert again.report(undo("v", "sw1", of="ab"), NOW).back == ("sw1",)
    assert again.report(undo("v", "sw1", of="ab"), NOW).back == (), "it counts once"
    assert again.state.quarantined == {}


def test_an_undo_brings_back_no_device_that_has_failed_too_often_or_that_a_lost_run_has_left() -> None:
    guard = Quarantine(GuardState())
    guard.report(report("a", "sw1", policy=GuardPolicy(failures=1)), NOW)
    guard.report(report("a2", "sw1", dirty=True), NOW)
    lost = DeviceReport(host=HostName("sw2"), because="cut off", dirty=True, left_by=RunId("x-run"))
    guard.report(report("b").model_copy(update={"failed": (lost,)}), NOW)
    assert guard.report(undo("u", "sw1", "sw2", "sw3", of="ab"), NOW).back == ()
    assert sorted(guard.state.quarantined) == ["sw1", "sw2"]


def test_runs_are_told_nothing_that_older_ones_cannot_read() -> None:
    guard = Quarantine(GuardState())
    answer = guard.report(report("a", "sw1", dirty=True), NOW)
    assert "left_by" in guard.state.model_dump_json()
    assert "left_by" not in answer.model_dump_json() + guard.among([HostName("sw1")])[HostName("sw1")].model_dump_json()
