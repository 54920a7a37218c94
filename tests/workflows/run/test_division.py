"""Waves by facts: every device in exactly one wave, pairs apart, chassis together, the farthest first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressions import tree
from plans import changing
from workflows.errors import EvaluationError
from workflows.plan import DevicesStep, HostName, Wave
from workflows.run.division import divide_by_facts, needs_facts


def hosts(number: int) -> list[HostName]:
    return [HostName(f"sw{index}") for index in range(number)]


def facts(names: list[HostName], **columns: list[object]) -> dict[HostName, dict[str, object]]:
    rows: dict[HostName, dict[str, object]] = {}
    for index, name in enumerate(names):
        rows[name] = {"name": name, "data": {key: column[index] for key, column in columns.items()}}
    return rows


def step(**changes: object) -> DevicesStep:
    return changing("deploy", **changes)


def names(step_: DevicesStep, rows: dict[HostName, dict[str, object]]) -> list[tuple[str, list[str]]]:
    divided = divide_by_facts(step_, list(rows), rows, {"site": "b1"})
    return [(wave.name, [host for group in wave.groups for host in group]) for wave in divided.waves]


def test_one_of_each_kind_makes_the_canary() -> None:
    rows = facts(hosts(5), kind=["a", "a", "b", "b", "c"])
    canary = Wave(name="canary", size=1, per=tree("device.data.kind"))
    found = names(step(waves=(canary, Wave(name="rest", share=1.0))), rows)
    assert found == [("canary", ["sw0", "sw2", "sw4"]), ("rest", ["sw1", "sw3"])]


def test_a_selection_makes_a_wave_and_the_last_takes_the_rest() -> None:
    rows = facts(hosts(4), site=["b1", "b2", "b1", "b2"])
    chosen = Wave(name="ours", select=tree("device.data.site == inputs.site"))
    found = names(step(waves=(chosen, Wave(name="rest", share=1.0))), rows)
    assert found == [("ours", ["sw0", "sw2"]), ("rest", ["sw1", "sw3"])]
    elsewhere = [chosen, Wave(name="lab", select=tree("device.data.site == 'moon'")), Wave(name="rest", share=1.0)]
    divided = divide_by_facts(step(waves=tuple(elsewhere)), list(rows), rows, {"site": "b1"})
    assert divided.empty == ("lab",), "a wave that is true of nothing is told of"


def test_both_halves_of_a_pair_never_share_a_wave() -> None:
    rows = facts(hosts(5), pair=["p", "p", "q", "q", None])
    found = names(step(apart=tree("device.data.pair")), rows)
    assert found == [("all-1", ["sw0", "sw2", "sw4"]), ("all-2", ["sw1", "sw3"])]


def test_what_belongs_together_shares_a_wave_and_a_verdict() -> None:
    rows = facts(hosts(4), chassis=["x", "y", "x", None])
    waves = (Wave(name="first", size=1), Wave(name="rest", share=1.0))
    divided = divide_by_facts(step(together=tree("device.data.chassis"), waves=waves), list(rows), rows, {})
    assert [(wave.name, wave.units) for wave in divided.waves] == [("first", (("sw0", "sw2"),)), ("rest", ())]


def test_the_farthest_go_first_rank_by_rank() -> None:
    rows = facts(hosts(4), depth=[1, 3, 2, 3])
    divided = divide_by_facts(step(order=(tree("device.data.depth"),)), list(rows), rows, {})
    assert divided.waves[0].groups == (("sw1", "sw3"), ("sw2",), ("sw0",))


RACK: dict[str, list[object]] = {"pair": ["p", "q", "p"], "rack": ["r", "r", "r"]}


def test_contradictions_and_mixed_ranks_are_refused() -> None:
    rows = facts(hosts(2), pair=["p", "p"], rank=[1, "two"])
    with pytest.raises(EvaluationError, match="keeps them apart"):
        names(step(apart=tree("device.data.pair"), together=tree("device.data.pair")), rows)
    with pytest.raises(EvaluationError, match="holds sw0, sw2 in one wave"):
        names(step(apart=tree("device.data.pair"), together=tree("device.data.rack")), facts(hosts(3), **RACK))
    with pytest.raises(EvaluationError, match="different kinds"):
        names(step(order=(tree("device.data.rank"),)), rows)


def test_only_steps_that_name_facts_need_them() -> None:
    assert not needs_facts(step(waves=(Wave(name="one", size=1),)))
    assert needs_facts(step(apart=tree("device.data.pair")))
    assert needs_facts(step(order=(tree("device.name"),)))


@given(st.lists(st.tuples(st.sampled_from("pqrs"), st.integers(0, 3)), min_size=1, max_size=30), st.integers(1, 9))
def test_every_device_stands_in_exactly_one_wave(rows: list[tuple[str, int]], size: int) -> None:
    known = facts(hosts(len(rows)), pair=[pair for pair, _ in rows], depth=[depth for _, depth in rows])
    plan = step(
        apart=tree("device.data.pair"),
        order=(tree("device.data.depth"),),
        waves=(Wave(name="one", size=size), Wave(name="two", share=0.3), Wave(name="rest", share=1.0)),
    )
    divided = divide_by_facts(plan, list(known), known, {})
    placed = [host for wave in divided.waves for group in wave.groups for host in group]
    assert sorted(placed) == sorted(known)
    for wave in divided.waves:
        pairs = [known[host]["data"]["pair"] for group in wave.groups for host in group]  # type: ignore[index]
        assert len(set(pairs)) == len(pairs)
        depths = [[known[host]["data"]["depth"] for host in group] for group in wave.groups]  # type: ignore[index]
        assert [group[0] for group in depths] == sorted({group[0] for group in depths}, reverse=True)
