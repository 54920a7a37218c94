"""Whether devices answer a fresh login: over real SSH, several at once, and refusals told apart."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from activities.reachable import Reachable
from activities.sessions import Sites
from activity_bench import SCOPE, Bench, bench, call
from workflows.contracts import ReachableInput, ReachableResult
from workflows.plan import HostName, StepId

DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {credential: device_rw}
steps:
  - id: back
    wait: {devices: inventory}
    timeout: 5m
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path, devices=4) as found:
        yield found


async def look(lab: Bench, *hosts: HostName, sites: int | None = None) -> ReachableResult:
    prepared = await lab.prepared(DEFINITION)
    sessions = replace(lab.interact._sessions, sites=Sites(sites))
    asked = ReachableInput(scope=SCOPE, prepared=prepared.ref, step=StepId("back"), hosts=hosts or tuple(lab.hosts))
    return await call(Reachable(lab.documents, sessions).reachable, asked)


def logins(lab: Bench, host: HostName) -> int:
    return sum(entry.get("event") == "login" for entry in lab.testbed.device(host).log())


@pytest.mark.parametrize("sites", [None, 1], ids=["at once", "one at a time"])
async def test_each_device_is_logged_in_to_once(lab: Bench, sites: int | None) -> None:
    assert await look(lab, sites=sites) == ReachableResult(reachable=tuple(lab.hosts))
    assert [logins(lab, host) for host in lab.hosts] == [1, 1, 1, 1]


async def test_a_device_that_does_not_answer_leaves_the_others_alone(lab: Bench) -> None:
    away = lab.hosts[1]
    lab.testbed.device(away).inject("refuse_connection")
    found = await look(lab)
    assert found.reachable == tuple(host for host in lab.hosts if host != away)
    assert {host: why.type for host, why in found.failures.items()} == {away: "unreachable"}
    assert (await look(lab, away)).reachable == (away,)


async def test_a_refused_login_is_told_apart_and_was_tried_once(lab: Bench) -> None:
    locked = lab.hosts[2]
    lab.testbed.device(locked).inject("refuse_login*0")
    found = await look(lab)
    assert found.failures[locked].type == "permanent"
    refusals = [entry for entry in lab.testbed.device(locked).log() if entry.get("event") == "login_refused"]
    assert len(refusals) == 1
