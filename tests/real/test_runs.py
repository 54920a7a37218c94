"""Whole runs over Temporal on real devices: BGP comes up, a change that breaks it is undone, a wave of two kinds."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
import yaml

from real_machines import PASSWORD, Machine
from real_software import BIRD_CONFIG, established, until_established
from starter.client import Orchestrator
from starter.dev.stack import Stack

LIBRARY: Final = Path(__file__).parents[2] / "workflows" / "library" / "templates"
BGP_UP: Final = """
netsaga: 1
name: bgp-up
version: 1.0.0
inventory: {source: nautobot, select: device.platform == "frr"}
defaults: {credential: routers, timeout: 30s}
steps:
  - id: deploy
    devices: inventory
    concurrency: 3
    do:
      - configure: {template: bgp.j2}
        save: true
    undo: [inverse]
    on_failure: {undo: step}
  - id: verify
    devices: steps.deploy.succeeded
    retry: {attempts: 40, delay: 500ms, factor: 1, on: [check_failed]}
    do:
      - show: {command: show bgp summary json, parse: json}
        as: bgp
      - check:
          every neighbour is up: bgp.ipv4Unicast.failedPeers == 0
    on_failure: {undo: step, of: deploy}
"""
BGP_BROKEN: Final = """
netsaga: 1
name: bgp-broken
version: 1.0.0
inventory: {source: nautobot, select: device.name == "r1"}
defaults: {credential: routers, timeout: 30s, retry: {attempts: 1}}
steps:
  - id: deploy
    devices: inventory
    do:
      - configure: {lines: ["router bgp 65001", " neighbor 192.168.1.2 shutdown"]}
        save: true
      - show: {command: show bgp summary json, parse: json}
        as: bgp
      - check:
          every neighbour is up: bgp.ipv4Unicast.failedPeers == 0
    undo: [native, inverse]
    on_failure: {undo: wave}
"""
BGP: Final = """
router bgp {{ device.data.asn }}
 no bgp ebgp-requires-policy
{% for address, asn in device.data.neighbours.items() %}
 neighbor {{ address }} remote-as {{ asn }}
{% endfor %}
 address-family ipv4 unicast
  network 10.0.0.{{ device.data.asn - 65000 }}/32
"""
MIXED: Final = """
netsaga: 1
name: mixed
version: 1.0.0
inputs: {worst: {type: boolean, default: false}}
inventory: {source: nautobot, select: 'device.platform in ["bird", "openvswitch"]'}
defaults: {credential: machines, timeout: 30s, retry: {attempts: 1}}
steps:
  - id: deploy
    devices: inventory
    do:
      - configure:
          template: change.j2
          vars: {vlan_id: 120, name: "cameras in b1"}
        confirm: {within: 5m, hold: best_effort}
        save: true
      - check:
          as wanted: device.platform == "bird" or not inputs.worst
    undo: [native, inverse, restore]
    on_failure: {undo: wave}
"""
COMMANDS: Final = """
netsaga: 1
name: commands
version: 1.0.0
inputs: {told: {type: string}}
inventory: {source: nautobot, select: device.name == "b1"}
defaults: {credential: machines, timeout: 30s, retry: {attempts: 2, delay: 100ms}}
steps:
  - id: deploy
    devices: inventory
    do:
      - run: {command: "uname --nodename", changes: false}
        as: name
      - run: "echo ${{ inputs.told }}"
      - run: sh -c 'echo once >> /run/counted; cat /run/counted'
        as: counted
      - check:
          it is the machine: name | trim == "b1"
          it ran once: counted | trim == "once"
    on_failure: stop
"""
NEIGHBOURS: Final = ({"192.168.1.2": 65002}, {"192.168.1.1": 65001, "192.168.2.2": 65003}, {"192.168.2.1": 65002})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(
    tmp_path_factory: pytest.TempPathFactory, row: list[Machine], b1: Machine, sw1: Machine
) -> AsyncIterator[Orchestrator]:
    """A netsaga that knows the real machines, and no simulated ones."""
    folder = tmp_path_factory.mktemp("runs")
    machines = [*row, b1, sw1]
    (folder / "known_hosts").write_text("".join(f"[{m.address}]:{m.port} {m.host_key}\n" for m in machines))
    secrets = folder / "credentials.yaml"
    secrets.touch(mode=0o600)
    users = {"routers": "ops", "machines": "root"}
    secrets.write_text(yaml.safe_dump({name: {"username": user, "password": PASSWORD} for name, user in users.items()}))
    routers = [
        ("frr", {"asn": 65001 + number, "neighbours": neighbours}) for number, neighbours in enumerate(NEIGHBOURS)
    ]
    facts = [*routers, ("bird", {}), ("openvswitch", {"uplinks": ["uplink1", "uplink2"], "proxy": "edge"})]
    hosts = {
        machine.name: {"address": machine.address, "port": machine.port, "platform": platform, "data": data}
        for machine, (platform, data) in zip(machines, facts, strict=True)
    }
    (folder / "inventory.yaml").write_text(yaml.safe_dump({"hosts": hosts}))
    async with Stack.start(state=folder / "state", devices=1, ui_port=None, worker=False) as netsaga:
        settings = yaml.safe_load(netsaga.settings.read_text())
        settings["inventories"]["nautobot"]["path"] = str(folder / "inventory.yaml")
        settings["credentials"] = {name: {"kind": "file", "path": str(secrets), "entry": name} for name in users}
        edge = {"address": row[1].address, "port": row[1].port, "credential": "machines"}
        settings["ssh"] |= {"known_hosts": str(folder / "known_hosts"), "proxies": {"edge": edge}}
        netsaga.settings.write_text(yaml.safe_dump(settings))
        await netsaga.start_worker()
        yield await Orchestrator.connect(address=netsaga.address)


def config(router: Machine) -> str:
    return router.run("vtysh", "-c", "show running-config")


@pytest.mark.asyncio(loop_scope="module")
async def test_bgp_comes_up_by_one_definition_and_what_a_second_one_breaks_is_undone(
    client: Orchestrator, row: list[Machine]
) -> None:
    up = await client.run("bgp-up", source=BGP_UP, templates={"bgp.j2": BGP})
    assert up.verdict == "succeeded", up.message
    assert [established(router) for router in row] == [set(neighbours) for neighbours in NEIGHBOURS]
    assert all("router bgp" in router.sh("cat /etc/frr/frr.conf") for router in row)

    before = config(row[0])
    broken = await client.run("bgp-broken", source=BGP_BROKEN)
    assert broken.verdict == "failed", broken.message
    assert [(device.name, device.status) for device in broken.devices] == [("r1", "undone")]
    assert config(row[0]) == before
    assert "shutdown" not in row[0].sh("cat /etc/frr/frr.conf")
    until_established(row[0], list(NEIGHBOURS[0]))
    for router in row:
        router.run("vtysh", "-c", "configure terminal", "-c", "no router bgp", "-c", "end", "-c", "write memory")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_wave_of_a_router_with_a_timer_and_a_switch_without_one_stays_or_goes_as_a_whole(
    client: Orchestrator, row: list[Machine], b1: Machine, sw1: Machine
) -> None:
    b1.sh("rm -f /etc/bird/netsaga-*")
    b1.write("/etc/bird/bird.conf", BIRD_CONFIG, "root:bird")
    b1.sh("birdc configure confirm; birdc configure")
    vlan = (LIBRARY / "vlan.j2").read_text()
    changed = BIRD_CONFIG.replace("192.0.2.0/24", "198.51.100.0/24")
    template = '{% if device.platform == "bird" %}\n' + changed + "{% else %}\n" + vlan + "{% endif %}\n"

    def seen() -> tuple[bool, str]:
        trunks = sw1.run("ovs-vsctl", "get", "port", "uplink1", "trunks").strip()
        return "198.51.100.0/24" in b1.run("birdc", "show", "route"), trunks

    failed = await client.run("mixed", {"worst": True}, source=MIXED, templates={"change.j2": template})
    assert failed.verdict == "failed", failed.message
    assert seen() == (False, "[10, 20]")
    assert b1.sh("cat /etc/bird/bird.conf") == BIRD_CONFIG

    done = await client.run("mixed", source=MIXED, templates={"change.j2": template})
    assert done.verdict == "succeeded", [(device.name, device.message) for device in done.devices]
    assert seen() == (True, "[10, 20, 120]")
    assert "Accepted password for root" in row[1].sshd_log(), "the switch was not reached through its jump host"
    assert "198.51.100.0/24" in b1.sh("cat /etc/bird/bird.conf")
    assert sw1.run("ovs-vsctl", "get", "bridge", "br0", "external_ids:vlan-name-120").strip() == '"cameras in b1"'
    for port in ("uplink1", "uplink2"):
        sw1.run("ovs-vsctl", "remove", "port", port, "trunks", "120")
    sw1.run("ovs-vsctl", "clear", "bridge", "br0", "external_ids")


@pytest.mark.asyncio(loop_scope="module")
async def test_commands_run_without_a_shell_and_those_that_change_run_once(client: Orchestrator, b1: Machine) -> None:
    result = await client.run("commands", {"told": "$(touch /run/injected); touch /run/too"}, source=COMMANDS)
    assert result.verdict == "succeeded", [(device.name, device.message) for device in result.devices]
    assert "injected" not in b1.sh("ls /run")
    assert "too" not in b1.sh("ls /run").split()

    wrong = COMMANDS.replace("echo ${{", "ls --no-option ${{").replace("name: commands", "name: wrong")
    result = await client.run("wrong", {"told": "x"}, source=wrong)
    assert result.verdict != "succeeded"
    assert "ended with status 2" in result.devices[0].message
