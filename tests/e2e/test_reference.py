"""The reference definition, as the language's design has it: compiled and carried out, word for word.

Its soaks are made short, for they are real time; nothing else is touched. A system on a socket stands for Nautobot and
for the tickets, and the devices' own word is the witness.
"""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from http_system import Asked, HttpSystem, Told, http_system, json_told
from lab import INPUTS, Lab, lab
from starter.handle import RunHandle
from workflows.contracts import RunResult

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

HERE = Path(__file__).parent / "reference"
TEMPLATES = Path(__file__).parents[2] / "workflows" / "library" / "templates"
SOAKS = {"soak: 1m": "soak: 1s", "soak: 5m": "soak: 1s"}
GIVEN = {name: INPUTS[name] for name in ("ticket", "vlan_id", "vlan_name", "subnet", "building")}


@dataclass
class Campus:
    """A whole netsaga that knows the reference definition."""

    found: Lab
    nautobot: HttpSystem

    @property
    def hosts(self) -> list[str]:
        """The devices that confirm by themselves; NX-OS does so for whole files only."""
        return [entry.name for entry in self.found.control.devices() if entry.platform != "cisco_nxos"]

    async def start(self) -> RunHandle:
        """A run of it."""
        limit = tuple(self.hosts)
        return await self.found.client.start("campus-vlan@1.0.0", GIVEN, by="rita", reason="cameras", limit=limit)

    def closed(self) -> list[dict[str, object]]:
        """What the tickets were told."""
        return [json.loads(asked.body) for asked in self.nautobot.asked if asked.method == "POST"]


def registered(asked: Asked) -> Told:
    return json_told('{"state": "closed"}', 201) if asked.method == "POST" else json_told('{"count": 1}')


@asynccontextmanager
async def campus(folder: Path) -> AsyncIterator[Campus]:
    definitions = folder / "definitions"
    shutil.copytree(HERE, definitions)
    shutil.copytree(TEMPLATES, definitions / "templates")
    text = (definitions / "campus-vlan.yaml").read_text()
    for long, short in SOAKS.items():
        assert long in text
        text = text.replace(long, short)
    (definitions / "campus-vlan.yaml").write_text(text)
    async with http_system() as nautobot:

        def settle(settings: dict[str, Any]) -> None:
            settings["definitions"] = [str(definitions)]
            settings["systems"] = {"nautobot": {"url": nautobot.url}}
            settings["groups"]["netops-managers"] = ["maria"]

        async with lab(folder / "state", settle=settle) as found:
            yield Campus(found, nautobot)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Campus]:
    async with campus(tmp_path_factory.mktemp("reference")) as made:
        yield made


@pytest.fixture
def here(shared: Campus) -> Campus:
    """The shared one, as a case finds it: Nautobot knows everything, and has been asked nothing."""
    shared.nautobot.by_target = registered
    shared.nautobot.asked.clear()
    return shared


def troubles(result: RunResult) -> str:
    steps = [f"{step.id}: {step.state} {step.message}" for step in result.steps]
    return "\n".join([result.message, *steps, *(f"{one.name}: {one.status} {one.message}" for one in result.devices)])


async def test_a_change_that_the_source_of_truth_does_not_know_touches_no_device(here: Campus) -> None:
    here.nautobot.by_target = lambda asked: registered(asked) if asked.method == "POST" else json_told('{"count": 0}')
    result = await (await here.start()).result()
    assert result.verdict == "failed"
    assert "Nautobot holds 0 VLANs 120" in result.message
    assert {here.found.whole(host) for host in here.hosts} == {"as before"}
    assert [told["verdict"] for told in here.closed()] == ["failed"], "no ticket is left hanging"


async def test_the_whole_life_of_a_campus_vlan_change(here: Campus) -> None:
    run = await here.start()
    result = await run.result()
    assert result.verdict == "succeeded", troubles(result)
    assert result.counts == {"changed": len(here.hosts)}
    assert {here.found.whole(host) for host in here.hosts} == {"changed"}
    assert {step.id: step.state for step in result.steps} == {
        "intent": "succeeded",
        "precheck": "succeeded",
        "approval": "skipped",  # nothing was doubtful
        "deploy": "succeeded",
        "validate": "succeeded",
        "report": "succeeded",
        "tell": "succeeded",
    }
    assert here.closed() == [{"verdict": "succeeded", "changed": len(here.hosts)}]
