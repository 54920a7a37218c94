"""Work is done by one run at a time, others join it or wait, and nobody is forgotten."""

from datetime import UTC, datetime
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from workflows.contracts import ClaimRequest, GuardState, Holder, RunId
from workflows.guard.claims import Claims

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OnDuplicate = Literal["join", "reject", "queue"]


def holder(name: str) -> Holder:
    return Holder(workflow_id=name, run=RunId(f"{name}-run"), root=name)


def request(name: str, on_duplicate: OnDuplicate = "join", key: str = "RITM1", of: str = "vlan") -> ClaimRequest:
    return ClaimRequest(holder=holder(name), definition=of, key=key, on_duplicate=on_duplicate)


def test_the_same_key_of_another_definition_is_other_work() -> None:
    claims = Claims(GuardState())
    assert claims.claim(request("a"), NOW).granted
    assert claims.claim(request("b", of="acl"), NOW).granted
    assert claims.claim(request("c", key="RITM2"), NOW).granted
    assert claims.claim(request("d"), NOW).holder == holder("a")
    assert claims.claim(request("a"), NOW).granted, "asked again, it gets the same answer"


def test_those_who_joined_are_told_and_the_first_in_the_queue_is_next() -> None:
    claims = Claims(GuardState())
    claims.claim(request("a"), NOW)
    claims.claim(request("b", "join"), NOW)
    claims.claim(request("c", "queue"), NOW)
    claims.claim(request("d", "queue"), NOW)
    claims.claim(request("e", "reject"), NOW)
    again = Claims(GuardState.model_validate_json(claims.state.model_dump_json()))
    told = {one.workflow_id: answer for one, answer in again.release(holder("a"), NOW)}
    assert (told["b"].granted, told["b"].holder) == (False, holder("a"))
    assert told["c"].granted
    assert set(told) == {"b", "c"}
    assert again.claim(request("f", "reject"), NOW).holder == holder("c")
    again.withdraw(holder("d"))
    assert again.release(holder("c"), NOW) == []
    assert again.state == GuardState()


def test_one_who_no_longer_waits_is_not_told() -> None:
    claims = Claims(GuardState())
    claims.claim(request("a"), NOW)
    claims.claim(request("b"), NOW)
    assert claims.in_the_way() == [holder("a"), holder("b")]
    assert claims.release(holder("b"), NOW) == []
    assert not claims.somebody_waits
    assert claims.release(holder("a"), NOW) == []


ACTIONS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("12"), st.sampled_from(["join", "queue", "reject"])),
    max_size=40,
)


@given(ACTIONS, st.lists(st.sampled_from("abcdef"), max_size=20))
def test_work_is_never_done_by_two_and_everybody_is_served_in_the_end(
    asked: list[tuple[str, str, OnDuplicate]], gone: list[str]
) -> None:
    claims = Claims(GuardState())
    for name, key, on_duplicate in asked:
        claims.claim(request(name, on_duplicate, key), NOW)
    for name in gone:
        claims.release(holder(name), NOW)
    for _ in range(50):
        state = claims.state
        assert len({(claim.definition, claim.key) for claim in state.claims}) == len(state.claims)
        if not state.claims:
            break
        claims.release(state.claims[0].holder, NOW)
    assert not claims.somebody_waits
