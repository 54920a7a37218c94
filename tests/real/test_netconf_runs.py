"""Whole runs over Temporal on a real NETCONF server: held, asked by `rpc`, confirmed; undone where a check fails."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
import pytest_asyncio
import yaml

from real_machines import PASSWORD, Machine
from real_netconf import netconf_device
from starter.client import Orchestrator
from starter.dev.stack import Stack

CONTACT: Final = """
netsaga: 1
name: contact
version: 1.0.0
inputs: {contact: {type: string}, wanted: {type: string}}
inventory: {source: nautobot, select: device.platform == "netconf"}
defaults: {credential: machines, timeout: 20s, retry: {attempts: 1}}
steps:
  - id: deploy
    devices: inventory
    do:
      - configure:
          template: system.j2
          vars: {contact: "${{ inputs.contact }}"}
        confirm: {within: 2m}
        save: true
      - rpc: >-
          <get-config><source><running/></source><filter type="subtree">
          <system xmlns="urn:ietf:params:xml:ns:yang:ietf-system"><contact/></system></filter></get-config>
        as: config
      - check:
          the device says so: inputs.wanted in config
    undo: [native, inverse]
    on_failure: {undo: wave}
"""
SYSTEM: Final = """
<system xmlns="urn:ietf:params:xml:ns:yang:ietf-system">
  <contact>{{ contact }}</contact>
</system>
"""


@pytest.fixture(scope="module")
def n1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A device that is changed by NETCONF alone."""
    with netconf_device(tmp_path_factory.mktemp("netconf-run")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory, n1: Machine) -> AsyncIterator[Orchestrator]:
    """A netsaga that knows this device alone."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "known_hosts").write_text(f"[{n1.address}]:{n1.port} {n1.host_key}\n")
    secrets = folder / "credentials.yaml"
    secrets.touch(mode=0o600)
    secrets.write_text(yaml.safe_dump({"machines": {"username": "root", "password": PASSWORD}}))
    host = {"address": n1.address, "port": n1.port, "platform": "netconf"}
    (folder / "inventory.yaml").write_text(yaml.safe_dump({"hosts": {n1.name: host}}))
    async with Stack.start(state=folder / "state", devices=1, ui_port=None, worker=False) as netsaga:
        settings = yaml.safe_load(netsaga.settings.read_text())
        settings["inventories"]["nautobot"]["path"] = str(folder / "inventory.yaml")
        settings["credentials"] = {"machines": {"kind": "file", "path": str(secrets), "entry": "machines"}}
        settings["ssh"]["known_hosts"] = str(folder / "known_hosts")
        netsaga.settings.write_text(yaml.safe_dump(settings))
        await netsaga.start_worker()
        yield await Orchestrator.connect(address=netsaga.address)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_held_change_is_asked_after_and_confirmed_or_else_taken_back(client: Orchestrator) -> None:
    templates = {"system.j2": SYSTEM}
    value = {"contact": "R&D <noc>", "wanted": "R&amp;D &lt;noc&gt;"}
    done = await client.run("contact", value, source=CONTACT, templates=templates)
    assert done.verdict == "succeeded", [(device.name, device.message) for device in done.devices]

    worse = {"contact": "</contact><location>attic</location><contact>", "wanted": "nobody"}
    failed = await client.run("contact", worse, source=CONTACT, templates=templates)
    assert [(device.name, device.status) for device in failed.devices] == [("n1", "undone")], failed.message

    again = await client.run("contact", value, source=CONTACT, templates=templates)
    assert again.verdict == "succeeded", again.message
    assert [device.status for device in again.devices] == ["unchanged"], "the undo did not bring back what was there"
