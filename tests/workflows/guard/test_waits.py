"""Circles of waits: found before they close, told with all that wait in them, and nothing else is refused."""

from datetime import UTC, datetime

from workflows.contracts import ClaimRequest, GuardState, Holder, LeaseRequest, RunId
from workflows.guard.claims import Claims
from workflows.guard.leases import Leases
from workflows.guard.waits import told
from workflows.plan import HostName

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def holder(name: str) -> Holder:
    """A run; ``outer/inner`` was called by ``outer``."""
    return Holder(workflow_id=name, run=RunId(f"{name}-run"), root=name.partition("/")[0])


def devices(name: str, *hosts: str) -> LeaseRequest:
    return LeaseRequest(holder=holder(name), devices=tuple(HostName(host) for host in hosts))


def work(name: str, key: str = "RITM1") -> ClaimRequest:
    return ClaimRequest(holder=holder(name), definition="vlan", key=key, on_duplicate="queue")


def books() -> tuple[Leases, Claims]:
    claims = Claims(GuardState())
    return Leases(GuardState(), claims), claims


def test_two_callers_that_hold_what_the_runs_they_have_called_need_are_a_circle() -> None:
    leases, _ = books()
    leases.acquire(devices("left", "sw1"), NOW)
    leases.acquire(devices("right", "sw2"), NOW)
    assert leases.circle(devices("left/more", "sw2")) == ()
    leases.acquire(devices("left/more", "sw2"), NOW)
    circle = leases.circle(devices("right/more", "sw1", "sw3"))
    assert told(circle) == (
        "run right/more and run left would wait for each other for ever: right/more needs sw1 of left; left has called "
        "left/more; left/more needs sw2 of right; right has called right/more. So this one is refused, and the other "
        "goes on; start it again when left has ended."
    )
    assert leases.circle(devices("right/more", "sw3")) == ()


def test_a_caller_that_holds_devices_and_one_that_holds_the_work_are_a_circle_whoever_asks_last() -> None:
    leases, claims = books()
    leases.acquire(devices("caller", "sw1"), NOW)
    claims.claim(work("lone"), NOW)
    assert leases.circle(work("caller/vlan")) == (), "the lone run may well end"
    claims.claim(work("caller/vlan"), NOW)
    assert [wait.because for wait in leases.circle(devices("lone", "sw1"))] == [
        "needs sw1 of caller",
        "has called caller/vlan",
        "waits for lone, which does vlan for 'RITM1'",
    ]
    leases, claims = books()
    leases.acquire(devices("caller", "sw1"), NOW)
    claims.claim(work("lone"), NOW)
    leases.acquire(devices("lone", "sw1"), NOW)
    assert [wait.behind.workflow_id for wait in leases.circle(work("caller/vlan"))] == [
        "lone",
        "caller",
        "caller/vlan",
    ]
    assert leases.circle(work("caller/vlan").model_copy(update={"on_duplicate": "reject"})) == ()


def test_work_that_holds_for_work_is_a_circle_too() -> None:
    leases, claims = books()
    claims.claim(work("a", "1"), NOW)
    claims.claim(work("b", "2"), NOW)
    claims.claim(work("a/call", "2"), NOW)
    assert [wait.behind.workflow_id for wait in leases.circle(work("b/call", "1"))] == ["a", "a/call", "b", "b/call"]
    assert leases.circle(work("c/call", "1")) == ()
    assert [wait.behind.workflow_id for wait in leases.circle(work("a/deep/er", "1"))] == ["a", "a/deep/er"]


def test_what_a_family_does_side_by_side_is_no_circle() -> None:
    leases, claims = books()
    claims.claim(work("left/busy", "1"), NOW)
    claims.claim(work("right/busy", "2"), NOW)
    claims.claim(work("left/waits", "2"), NOW)
    assert leases.circle(work("right/waits", "1")) == (), "each of those at work ends by itself"


def test_a_run_that_is_closed_closes_no_circle() -> None:
    leases, claims = books()
    leases.acquire(devices("caller", "sw1"), NOW)
    claims.claim(work("lone"), NOW)
    leases.acquire(devices("lone", "sw1"), NOW)
    gone = {"holder": holder("lone"), "state": "cut_off"}
    again = ClaimRequest.model_validate(work("caller/vlan").model_dump() | {"gone": gone})
    assert leases.circle(again) == ()


def test_who_is_waited_for_goes_first() -> None:
    leases, _ = books()
    leases.acquire(devices("outer", "sw1"), NOW)
    leases.acquire(devices("stranger", "sw2"), NOW)
    assert not leases.acquire(devices("other", "sw1", "sw2", "sw3"), NOW).granted
    assert not leases.acquire(devices("next", "sw2", "sw3"), NOW).granted
    assert leases.acquire(devices("outer/inner", "sw1", "sw3"), NOW).granted, "all of those wait for its caller anyhow"
    assert leases.release(holder("stranger"), NOW) == []
    assert leases.release(holder("outer"), NOW) == []
    assert leases.release(holder("outer/inner"), NOW) == [holder("other")], "those two are still in order"


def test_who_is_waited_for_since_somebody_asked_for_work_is_moved_to_the_front() -> None:
    leases, claims = books()
    leases.acquire(devices("stranger", "sw1"), NOW)
    claims.claim(work("doer"), NOW)
    leases.acquire(devices("family", "sw1", "sw2"), NOW)
    assert leases.acquire(devices("doer", "sw2"), NOW).held_by == ("family",)
    assert leases.circle(work("family/vlan")) == ()
    claims.claim(work("family/vlan"), NOW)
    assert leases.advance(NOW) == [holder("doer")]


def test_a_guard_of_before_goes_on_by_the_rules_of_before() -> None:
    leases = Leases(GuardState(), by_lines=lambda: False)
    assert leases.acquire(devices("outer", "sw1"), NOW).granted
    assert leases.acquire(devices("other", "sw1"), NOW).held_by == (("outer"),)
    assert leases.acquire(devices("outer/inner", "sw1"), NOW).held_by == (("other"),)
    twins = Leases(GuardState(), by_lines=lambda: False)
    assert twins.acquire(devices("outer/one", "sw1"), NOW).granted
    assert twins.acquire(devices("outer/two", "sw1"), NOW).granted
