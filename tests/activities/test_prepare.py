"""Preparing a run: everything that can be refused is refused here, with what to do, and no device is touched."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.definitions import Definitions
from activities.inventory.yaml_file import YamlInventory
from activities.prepare import Knowledge, Prepare
from activities.values import BUNDLE
from activity_bench import SCOPE, call, refused
from workflows.contracts import Prepared, PrepareInput, RunRequest

INVENTORY = """
defaults: {role: access, site: hq, credential: rw, data: {max_vlans: 64}}
hosts:
  sw10: {address: 192.0.2.10, platform: cisco_iosxe}
  sw2: {address: 192.0.2.2, platform: arista_eos}
  sw1: {address: 192.0.2.1, platform: juniper_junos, maintenance: true}
  far: {address: 192.0.2.3, platform: cisco_nxos, site: far}
"""
DEFINITION = """
netsaga: 1
name: look
version: 1.2.0
inputs: {site: {type: string, default: hq}, count: {type: integer, required: false}}
inventory: {source: lab, select: device.site == inputs.site}
steps:
  - id: look
    devices: inventory
    do: [{snapshot: [vlans], as: state}]
    on_failure: stop
  - id: gate
    approve: {by: leads}
    timeout: 5m
    on_timeout: reject
  - id: tell
    notify: {to: people, message: "${{ run.id }}"}
"""


class Desk:
    """A prepare activity over a folder that tests write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "definitions").mkdir()
        self.inventory(INVENTORY)
        self.knowledge = Knowledge(
            inventories={"lab": YamlInventory(folder / "inventory.yaml")},
            groups={"leads": ("alice", "bob"), "others": ("*",)},
            targets=frozenset({"people"}),
            credentials=frozenset({"rw"}),
        )
        self.documents = Documents(LocalArtifactStore(folder / "store"))

    def inventory(self, text: str) -> None:
        (self.folder / "inventory.yaml").write_text(text)

    def define(self, name: str, text: str) -> None:
        path = self.folder / "definitions" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    @property
    def activity(self) -> Prepare:
        return Prepare(self.documents, Definitions([self.folder / "definitions"]), self.knowledge)

    async def run(self, source: str | None = DEFINITION, name: str = "", **request: object) -> Prepared:
        return await call(self.activity.prepare, self._input(source, name, request))

    async def refused(self, source: str | None = DEFINITION, name: str = "", **request: object) -> ApplicationError:
        return await refused(self.activity.prepare, self._input(source, name, request))

    def _input(self, source: str | None, name: str, request: dict[str, object]) -> PrepareInput:
        asked = RunRequest.model_validate({"source": source, "definition": name, **request})
        return PrepareInput(scope=SCOPE, request=asked)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_a_definition_is_compiled_and_its_devices_are_resolved_once(desk: Desk) -> None:
    prepared = await desk.run(inputs={"count": 3})
    assert prepared.plan.name == "look"
    assert prepared.inputs == {"site": "hq", "count": 3}
    assert prepared.hosts == ("sw1", "sw2", "sw10")
    assert prepared.skipped == {"sw1": "in maintenance"}
    assert prepared.groups == {"leads": ("alice", "bob")}
    bundle = await desk.documents.load(prepared.ref, BUNDLE)
    assert (bundle.plan, bundle.inputs) == (prepared.plan, prepared.inputs)
    assert [device.address for device in bundle.devices.values()] == ["192.0.2.1", "192.0.2.2", "192.0.2.10"]


async def test_preparing_twice_gives_the_same(desk: Desk) -> None:
    assert await desk.run() == await desk.run()


async def test_a_limit_chooses_among_the_selected_devices(desk: Desk) -> None:
    assert (await desk.run(limit=["sw2"])).hosts == ("sw2",)
    error = await desk.refused(limit=["sw2", "far", "sw99"])
    assert "`limit` names far, sw99, not among the 3 selected devices" in error.message


async def test_a_called_run_keeps_to_its_callers_limit_whatever_it_selects(desk: Desk) -> None:
    assert (await desk.run(within=["sw2", "far"])).hosts == ("sw2",)
    assert (await desk.run(within=["far"])).hosts == ()


async def test_the_search_attributes_that_the_server_knows_are_passed_on(desk: Desk) -> None:
    desk.knowledge = replace(desk.knowledge, search_attributes=False)
    assert not (await desk.run()).search_attributes


# ----------------------------------------------------------------------------------------------------- definitions


async def test_a_definition_of_ones_own_goes_before_the_shipped_one(desk: Desk) -> None:
    assert (await desk.refused(None, "campus-vlan")).message.startswith("missing input")
    desk.define("campus-vlan.yaml", DEFINITION.replace("name: look", "name: campus-vlan"))
    assert (await desk.run(None, "campus-vlan")).plan.version == "1.2.0"


async def test_a_version_can_be_asked_for(desk: Desk) -> None:
    desk.define("look.yaml", DEFINITION)
    desk.define("look@1.10.0.yaml", DEFINITION.replace("1.2.0", "1.10.0"))
    assert (await desk.run(None, "look")).plan.version == "1.10.0"
    assert (await desk.run(None, "look@1.2.0")).plan.version == "1.2.0"
    error = await desk.refused(None, "look@3")
    assert error.message == "definition `look` has no version 3; there is 1.10.0, 1.2.0."


async def test_templates_are_found_beside_the_definition_and_never_elsewhere(desk: Desk) -> None:
    text = DEFINITION.replace('message: "${{ run.id }}"', "template: TEMPLATE")
    for name, file in {"a.j2": "a.j2", "b.j2": "templates/b.j2"}.items():
        desk.define(file, f"text of {name}")
        desk.define("look.yaml", text.replace("TEMPLATE", name))
        assert (await desk.run(None, "look")).plan.templates == {name: f"text of {name}"}
    (desk.folder / "outside.j2").write_text("secret")
    desk.define("look.yaml", text.replace("TEMPLATE", "../outside.j2"))
    assert "secret" not in (await desk.refused(None, "look")).message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "the request names no definition; give `definition: NAME`"),
        ("campus-vlam", "no definition is called `campus-vlam`.*did you mean `campus-vlan`?"),
        ("../../etc/passwd", "is no name of a definition"),
        ("zzz", "the shipped library; there are .*`campus-vlan`"),
    ],
)
async def test_a_definition_that_is_not_there_is_said(desk: Desk, name: str, said: str) -> None:
    error = await desk.refused(None, name)
    assert (error.type, error.non_retryable) == ("invalid_input", True)
    assert re.search(said, error.message)


async def test_mistakes_in_a_definition_are_shown_as_the_command_line_shows_them(desk: Desk) -> None:
    error = await desk.refused(DEFINITION.replace("inputs.site", "inputs.sit"), "look.yaml")
    assert error.type == "invalid_input"
    assert "look.yaml:6:" in error.message
    assert "^^^" in error.message
    assert "did you mean `site`" in error.message


# ------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"inputs": {"sites": "hq"}}, "unknown input `sites`: did you mean `site`?"),
        ({"inputs": {"count": "three"}}, "input `count`"),
        ({"inputs": {"site": "nowhere"}}, "`lab` has 4 devices, of which `select` chose 0; .*expects at least 1"),
    ],
)
async def test_a_bad_request_is_refused(desk: Desk, request_: dict[str, Any], said: str) -> None:
    with pytest.raises(ApplicationError, match=said) as caught:
        await desk.run(**request_)
    assert (caught.value.type, caught.value.non_retryable) == ("invalid_input", True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source: lab", "source: lap", "the inventory source `lap` is not under `inventories`.*did you mean `lab`"),
        ("by: leads", "by: leeds", "step `gate`: the group `leeds` is not under `groups`.*did you mean `leads`"),
        ("to: people", "to: poeple", "step `tell`: the target `poeple` is not under `notify`.*did you mean `people`"),
        ("device.site ==", "device.data.sites ==", "`select` cannot be judged for host .*data.sites"),
        ("select: device.site == inputs.site", "expect: {min: 1, max: 3}", "at least 1 and at most 3"),
    ],
)
async def test_what_a_definition_names_must_be_there(desk: Desk, old: str, new: str, said: str) -> None:
    with pytest.raises(ApplicationError, match=said) as caught:
        await desk.run(DEFINITION.replace(old, new))
    assert caught.value.type == "invalid_input"


async def test_a_gate_that_people_can_never_open_is_refused(desk: Desk) -> None:
    two = DEFINITION.replace("by: leads", "by: leads, quorum: 2, not_by: [requester]")
    assert "wants 2 of `leads`, and 1 may decide besides bob, who asks" in str(await desk.refused(two, by="bob"))
    assert "1 may decide besides Bob, who asks" in str(await desk.refused(two, by="Bob"))
    await desk.run(two, by="carol")
    await desk.run(two.replace("by: leads", "by: others"), by="bob")
    await desk.run(two, by="bob", mode="plan")  # nobody is asked


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("arista_eos", "arista", "host sw2: platform `arista` is not supported; did you mean `arista_eos`"),
        ("arista_eos", '""', "host sw2: names no platform"),
        ("credential: rw", "credential: wr", "host sw1: the credential `wr` is not under `credentials`"),
        ("credential: rw, ", "", "step `look` names no credential, .* for sw1, sw2, sw10"),
    ],
)
async def test_a_device_that_cannot_be_driven_is_refused_by_name(desk: Desk, old: str, new: str, said: str) -> None:
    desk.inventory(INVENTORY.replace(old, new))
    with pytest.raises(ApplicationError, match=said) as caught:
        await desk.run()
    assert caught.value.type == "invalid_input"


async def test_a_device_that_is_not_selected_may_be_anything(desk: Desk) -> None:
    desk.inventory(INVENTORY.replace("cisco_nxos", "toaster"))
    assert "far" not in (await desk.run()).hosts


async def test_a_source_of_truth_that_cannot_be_read_is_blamed_as_such(desk: Desk) -> None:
    desk.inventory("hosts: {sw1: {adress: x}}")
    assert "inventory.yaml: host 'sw1': `adress`" in (await desk.refused()).message
    (desk.folder / "inventory.yaml").unlink()
    error = await desk.refused()
    assert error.type == "block_unavailable"
    assert error.message.startswith("source of truth: ")
    assert "cannot be read: No such file or directory" in error.message
