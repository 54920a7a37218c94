"""Leases: as a whole or not at all, first come first served, and never a run waiting for the run that called it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from workflows.contracts import GuardState, Holder, LeaseAnswer, LeaseRequest, RunId, Scope
from workflows.guard.leases import Leases
from workflows.plan import HostName

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def holder(name: str, root: str | None = None) -> Holder:
    return Holder(workflow_id=name, run=RunId(f"{name}-run"), root=root or name)


def request(name: str, *devices: str, root: str | None = None) -> LeaseRequest:
    return LeaseRequest(holder=holder(name, root), devices=tuple(HostName(device) for device in devices))


def test_a_request_is_granted_as_a_whole_or_queued_as_a_whole() -> None:
    leases = Leases(GuardState())
    assert leases.acquire(request("a", "sw1", "sw2"), NOW).granted
    answer = leases.acquire(request("b", "sw2", "sw3"), NOW)
    assert (answer.granted, answer.held_by) == (False, ("a",))
    assert leases.acquire(request("c", "sw4"), NOW).granted
    assert not leases.acquire(request("d", "sw3"), NOW).granted, "sw3 is free, but b was first"
    assert leases.release(holder("a"), NOW) == [holder("b")]
    assert leases.release(holder("b"), NOW) == [holder("d")]


def test_asking_twice_and_giving_back_twice_change_nothing() -> None:
    leases = Leases(GuardState())
    assert leases.acquire(request("a", "sw1"), NOW) == leases.acquire(request("a", "sw1"), NOW)
    leases.acquire(request("b", "sw1"), NOW)
    leases.acquire(request("b", "sw1"), NOW)
    assert len(leases.state.queue) == 1
    assert leases.release(holder("a"), NOW) == [holder("b")]
    assert leases.release(holder("a"), NOW) == []


def test_a_run_never_waits_for_the_run_that_called_it() -> None:
    leases = Leases(GuardState())
    assert leases.acquire(request("outer", "sw1"), NOW).granted
    assert leases.acquire(request("outer/inner", "sw1", root="outer"), NOW).granted
    assert not leases.acquire(request("other", "sw1"), NOW).granted
    assert leases.release(holder("outer"), NOW) == []
    assert leases.release(holder("outer/inner", "outer"), NOW) == [holder("other")]


def test_runs_that_one_run_has_called_side_by_side_do_not_change_one_device_at_once() -> None:
    leases = Leases(GuardState())
    assert leases.acquire(request("outer/one", "sw1", root="outer"), NOW).granted
    assert leases.acquire(request("outer/two", "sw1", root="outer"), NOW).held_by == ("outer/one",)
    assert leases.acquire(request("outer/one/deep", "sw1", root="outer"), NOW).granted, "it was called by one"
    assert leases.release(holder("outer/one", "outer"), NOW) == []
    assert leases.release(holder("outer/one/deep", "outer"), NOW) == [holder("outer/two", "outer")]


def test_the_devices_of_a_run_that_was_cut_off_are_flagged_until_somebody_has_looked() -> None:
    leases = Leases(GuardState())
    leases.acquire(request("a", "sw1"), NOW)
    leases.acquire(request("b", "sw1"), NOW)
    assert [one.workflow_id for one in leases.in_the_way()] == ["a", "b"]
    assert leases.release(holder("a"), NOW, cut_off=True) == [holder("b")]
    assert leases.acquire(request("b", "sw1"), NOW).flagged == {"sw1": "a"}
    assert leases.clear([HostName("sw1")]) == ["sw1"]
    assert leases.acquire(request("b", "sw1"), NOW).flagged == {}


def test_what_two_lost_runs_left_behind_is_told_of_both_until_each_was_looked_at() -> None:
    leases = Leases(GuardState())
    leases.acquire(request("a", "sw1", "sw2"), NOW)
    leases.release(holder("a"), NOW, cut_off=True)
    leases.acquire(request("b", "sw1"), NOW)
    leases.release(holder("b"), NOW, cut_off=True)
    lost = leases.acquire(request("c", "sw1", "sw3"), NOW).lost
    assert [(one.holder.workflow_id, one.devices) for one in lost] == [("a", ("sw1",)), ("b", ("sw1",))]
    assert [one.since for one in leases.state.lost] == [NOW, NOW]
    assert {one.since for one in lost} == {None}, "a run of an older build knows no such field"
    leases.clear([HostName("sw1")])
    assert leases.flagged == {"sw2": "a"}


def test_what_the_guard_knows_survives_its_next_execution() -> None:
    leases = Leases(GuardState())
    leases.acquire(request("a", "sw1"), NOW)
    leases.acquire(request("b", "sw1"), NOW)
    again = Leases(GuardState.model_validate_json(leases.state.model_dump_json()))
    assert again.state == leases.state
    assert again.release(holder("a"), NOW) == [holder("b")]


ACTIONS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.frozensets(st.sampled_from("123456"), min_size=1), st.booleans()),
    max_size=40,
)


@given(ACTIONS)
def test_no_device_is_ever_held_by_two_and_everybody_is_served_in_the_end(
    actions: list[tuple[str, frozenset[str], bool]],
) -> None:
    leases = Leases(GuardState())
    for name, devices, gives_back in actions:
        if gives_back:
            leases.release(holder(name), NOW)
        else:
            leases.acquire(request(name, *sorted(devices)), NOW)
        held = [device for lease in leases.state.leases for device in lease.devices]
        assert len(held) == len(set(held))
    while leases.state.leases:
        leases.release(leases.state.leases[0].holder, NOW)
    assert not leases.somebody_waits


def numbered(number: int | None, *devices: str, name: str = "b") -> LeaseRequest:
    return request(name, *devices).model_copy(update={"number": number})


def test_an_answer_repeats_the_number_of_the_newest_request_which_keeps_its_place() -> None:
    leases = Leases(GuardState())
    leases.acquire(request("a", "sw1"), NOW)
    assert leases.acquire(numbered(None, "sw1"), NOW).number is None
    assert leases.acquire(numbered(1, "sw1", name="c"), NOW).number == 1
    assert leases.acquire(numbered(3, "sw1"), NOW).number == 3
    leases.acquire(numbered(2, "sw1"), NOW)  # late, by a worker that stood still
    leases.acquire(numbered(None, "sw1"), NOW)
    assert [(one.holder.workflow_id, one.number) for one in leases.state.queue] == [("b", 3), ("c", 1)]
    assert leases.release(holder("a"), NOW) == [holder("b")]
    assert [lease.number for lease in leases.state.leases] == [3]
    leases.acquire(numbered(4, "sw1"), NOW)
    leases.acquire(numbered(2, "sw1"), NOW)
    assert [lease.number for lease in leases.state.leases] == [4]


def test_a_release_that_comes_late_is_of_an_earlier_request() -> None:
    leases = Leases(GuardState())
    assert not leases.has_asked_since(holder("b"), 1), "it is not known at all"
    leases.acquire(numbered(2, "sw1"), NOW)
    leases.acquire(numbered(2, "sw1", name="c"), NOW)
    assert [leases.has_asked_since(holder("b"), number) for number in (1, 2, 3, None)] == [True, False, False, False]
    assert leases.has_asked_since(holder("c"), 1), "it waits"


def test_a_run_that_was_reset_is_told_what_it_still_has_and_given_nothing() -> None:
    leases = Leases(GuardState())
    assert leases.renew(numbered(1)) == LeaseAnswer(granted=False)
    assert leases.state == GuardState()
    leases.acquire(numbered(2, "sw1"), NOW)
    leases.acquire(numbered(2, "sw1", name="c"), NOW)
    assert leases.renew(numbered(1)) == LeaseAnswer(granted=True, number=1)
    assert leases.renew(numbered(1, name="c")) == LeaseAnswer(granted=False, held_by=("b",))
    numbers = [lease.number for lease in leases.state.leases] + [waiting.number for waiting in leases.state.queue]
    assert numbers == [1, 1], "it counts from there again"


def test_a_run_that_took_another_one_back_and_was_lost_says_whose_effects_are_to_be_looked_at() -> None:
    leases, other = Leases(GuardState()), Scope(workflow_id="outer/inner", run=RunId("inner-run"))
    undo = request("outer/inner/undo-1", "sw1", root="outer").model_copy(update={"effects": other})
    leases.acquire(undo, NOW)
    leases.release(undo.holder, NOW, cut_off=True)
    assert [lost.effects for lost in leases.acquire(request("b", "sw1"), NOW).lost] == [other]
