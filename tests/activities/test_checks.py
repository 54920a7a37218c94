"""The six checks of the reference page on a simulated switch, and what is kept of them as evidence."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed.surroundings import GATEWAY, Peer
from activities.judging import judged
from activity_bench import Bench, bench, call, call_of, outcome_in, refused
from workflows.contracts import ArtifactRef, DeviceOutcome
from workflows.plan import Attr, Check, Compare, Constant, Expr, Filter, Item, ListOf, Logic, Name, Not, Test

EXAMPLE = Path(__file__).parents[2] / "deploy" / "reference" / "examples" / "checks.yaml"
HOST = "acc-001"
PEER = "10.99.255.253"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path, devices=1) as found:
        found.testbed.device(HOST).peer_with(Peer(PEER, 65_000, 12))
        yield found


async def _transcript(lab: Bench, outcome: DeviceOutcome) -> list[str]:
    assert outcome.transcript is not None
    entries = map(json.loads, (await lab.documents.text(outcome.transcript)).splitlines())
    return [entry["text"] for entry in entries if str(entry.get("text", "")).startswith("check ")]


def _source() -> str:
    return EXAMPLE.read_text().replace("source: nautobot", "source: lab")


async def _earlier(lab: Bench) -> dict[str, ArtifactRef]:
    asked = call_of(await lab.prepared(_source()), "earlier", HOST)
    return {"earlier": await lab.fold("earlier", await call(lab.interact.interact, asked))}


async def test_a_switch_that_is_as_it_should_be_passes_and_each_check_leaves_its_evidence(lab: Bench) -> None:
    earlier = await _earlier(lab)
    prepared = await lab.prepared(_source())
    outcome = await call(lab.interact.interact, call_of(prepared, "judge", HOST, earlier))
    assert (outcome.status, outcome.warning_count) == ("succeeded", 0)
    notes = "\n".join(await _transcript(lab, outcome))
    for evidence in (
        "check 'the gateway answers' holds: ping[0].percent | int is 100",
        'state.neighbours["TenGigabitEthernet1/1/1"][0].host is "dist-1"',
        "check 'the BGP session is up' holds: state.bgp[inputs.peer].state is \"established\"",
        "check 'traffic flows' holds: traffic[0].octets | int is ",
        'check \'no errors come in\' holds: errors[0].received is "0", steps.earlier.errors[0].received is "0"',
        "check 'there is a way out' holds: state.routes has the keys 0.0.0.0/0, 10.99.0.0/16",
        "check 'VTP leaves VLANs alone' holds: vtp is \"VTP Version capable",
        'holds: state.versions.os is "17.9.4a", inputs.release is "17.9.4a"',
    ):
        assert evidence in notes


async def test_each_check_that_does_not_hold_says_what_it_saw(lab: Bench) -> None:
    earlier = await _earlier(lab)
    lab.testbed.device(HOST).peer_with(Peer(PEER, 65_000))
    lab.testbed.device(HOST).change(["interface TenGigabitEthernet1/1/1", " shutdown"])
    lab.testbed.device(HOST).change(["interface TenGigabitEthernet1/1/2", " shutdown"])
    prepared = await lab.prepared(_source(), release="17.12.1")
    error = await refused(lab.interact.interact, call_of(prepared, "judge", HOST, earlier))
    assert error.type == "check_failed"
    for said in (
        "check 'the gateway answers' does not hold: ping[0].percent | int is 0",
        "check 'the uplink leads to the distribution' cannot be judged",
        "check 'the BGP session is up' does not hold: state.bgp[inputs.peer].state is \"idle\"",
    ):
        assert said in error.message
    outcome = outcome_in(error)
    (warning,) = outcome.warnings
    assert warning == "check 'the release is the wanted one': it runs 17.9.4a and should run 17.12.1"
    notes = await _transcript(lab, outcome)
    assert "check 'there is a way out' holds" in "\n".join(notes)
    assert "check 'traffic flows' does not hold: traffic[0].octets | int is 0, steps.ear" in "\n".join(notes)
    assert len(notes) == 8


async def test_nobody_answers_a_ping_who_is_not_there(lab: Bench) -> None:
    pinged = []
    for address in (GATEWAY, "192.0.2.99"):
        prepared = await lab.prepared(_source(), gateway=address)
        earlier = await _earlier(lab)
        try:
            await call(lab.interact.interact, call_of(prepared, "judge", HOST, earlier))
            pinged.append(True)
        except Exception as error:  # noqa: BLE001  # which checks failed is its text
            pinged.append("the gateway answers" not in str(error))
    assert pinged == [True, False]


# ----------------------------------------------------------------------------------------------------------- evidence


ROW = Item(of=Name(name="rows"), key=Constant(value=0))
PORTS = Filter(name="length", of=Name(name="ports"))


def _cases() -> Iterator[tuple[Expr, tuple[str, ...]]]:
    yield Compare(first=Attr(of=ROW, name="vlan"), rest=(("==", Constant(value=10)),)), ("rows[0].vlan is 10",)
    yield Attr(of=ROW, name="name"), ("rows[0].name has no value",)
    yield (
        Compare(first=Constant(value=1), rest=(("<", PORTS), ("<=", Name(name="n")))),
        ("ports | length is 3", "n is 7"),
    )
    yield Not(of=Test(name="match", of=Name(name="word"), args=(Constant(value="x"),))), ('word is "up"',)
    both = Logic(
        op="and", left=Name(name="yes"), right=Compare(first=Name(name="n"), rest=(("in", Name(name="ports")),))
    )
    yield both, ("yes is true", "n is 7", 'ports is ["a", "b", "c"]')


@pytest.mark.parametrize(("expr", "evidence"), list(_cases()))
def test_the_evidence_is_what_stands_on_both_sides(expr: Expr, evidence: tuple[str, ...]) -> None:
    context = {"rows": [{"vlan": 10}], "ports": ["a", "b", "c"], "n": 7, "word": "up", "yes": True}
    (found,) = judged([Check(name="x", that=expr)], context)
    assert found.evidence == evidence


def test_a_long_value_is_cut_and_an_empty_one_says_so() -> None:
    context: dict[str, object] = {"text": "x" * 100_000, "map": {}}
    tests = [Test(name="defined", of=Name(name=name)) for name in context]
    first, second = (found.evidence[0] for found in judged([Check(name="x", that=one) for one in tests], context))
    assert (len(first) < 100, first[-1], second) == (True, "…", "map is empty")


def test_what_a_check_says_itself_is_no_evidence() -> None:
    allowed = ListOf(items=(Constant(value="acc-001"), Constant(value="acc-002")))
    check = Check(name="known", that=Compare(first=Name(name="host"), rest=(("in", allowed),)))
    (found,) = judged([check], {"host": "acc-003"})
    assert found.evidence == ('host is "acc-003"',)
