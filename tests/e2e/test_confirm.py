"""A change that devices take back by themselves unless it is confirmed: alone, with its wave, or where they can."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from lab import Lab, lab, waves
from programs import Programs
from starter.errors import RunRefused
from starter.handle import RunHandle

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEFINITION: Final = """
netsaga: 1
name: confirmed
version: 1.0.0
inputs: {vlan: {type: integer}, worst: {type: string, default: none}}
inventory: {source: nautobot, select: SELECT}
defaults: {credential: device_rw, timeout: 30s, retry: {attempts: 1}}
steps:
  - id: deploy
    devices: inventory
    waves: [{name: first, size: 1}, {name: rest, size: 100%, soak: SOAK}]
    do:
      - configure: {template: vlan.j2, vars: {vlan_id: "${{ inputs.vlan }}", name: cameras}}
        confirm: {within: WITHIN, hold: HOLD}
        save: true
      - snapshot: [vlans]
        as: state
      - check:
          as wanted: state.vlans[inputs.vlan].name == "cameras" and device.name != inputs.worst
    on_failure: {undo: wave}
"""
TEMPLATE: Final = """
{% if device.platform == "juniper_junos" %}
set vlans {{ name }}-{{ vlan_id }} vlan-id {{ vlan_id }}
{% else %}
vlan {{ vlan_id }}
 name {{ name }}
{% endif %}
"""
UNCHECKED: Final = DEFINITION.partition("      - snapshot")[0] + "    on_failure: {undo: wave}\n"
TIMED: Final = 'device.platform != "cisco_nxos"'
ABORTS: Final = {
    "cisco_iosxe": "configure revert now",
    "arista_eos": " abort",  # of the session
    "juniper_junos": "rollback 1",
}


def written(source: str = DEFINITION, **words: str) -> str:
    """The definition with its words filled in."""
    for word, otherwise in {"SELECT": TIMED, "SOAK": "0s", "WITHIN": "15m", "HOLD": "wave"}.items():
        source = source.replace(word, words.get(word.lower(), otherwise))
    return source.replace('.name == "cameras"', '.name in ["cameras", "cameras-" ~ (inputs.vlan | string)]')


@dataclass(frozen=True)
class Fleet:
    """The shared devices, as one case finds them; each case has a VLAN of its own."""

    lab: Lab
    vlan: int
    began: dict[str, str]
    startup: dict[str, str]
    logged: dict[str, int]

    @property
    def timed(self) -> list[str]:
        """The devices that have a confirm timer, in the run's order."""
        return [one.name for one in self.lab.control.devices() if one.platform != "cisco_nxos"]

    async def start(self, source: str, **inputs: str) -> RunHandle:
        return await self.lab.client.start(
            "confirmed", {"vlan": self.vlan, **inputs}, source=source, templates={"vlan.j2": TEMPLATE}
        )

    async def soaking(self, run: RunHandle) -> None:
        """Until the second wave soaks, unconfirmed."""
        await self.lab.until(run, lambda now: any(wave.state == "soaking" for wave in waves(now, "deploy")))
        assert self.pending() == set(self.timed[1:])

    def pending(self) -> set[str]:
        """The devices whose timer runs."""
        return {one.name for one in self.lab.control.devices() if one.revert_due is not None}

    def kept(self, hosts: Sequence[str]) -> None:
        """They hold the change, also after a restart; no timer runs and nothing was done twice."""
        assert not self.pending()
        for host in hosts:
            assert self.vlan in self.lab.control.vlans(host), host
            assert f"{self.vlan}" in self.lab.control.startup(host), host
            effects = self.effects(host)
            assert sorted(set(effects)) == sorted(effects), host

    def as_before(self, hosts: Sequence[str]) -> None:
        """They are as they were, running and after a restart, and no timer runs."""
        assert not self.pending()
        for host in hosts:
            assert self.lab.control.config(host) == self.began[host], host
            assert f"{self.vlan}" not in self.lab.control.startup(host), host

    def effects(self, host: str) -> list[str]:
        """The lines that changed its running configuration since the case began."""
        return [
            entry.get("line", "")
            for entry in self.lab.control.log(host)[self.logged[host] :]
            if entry.get("effect") == "running"
        ]

    def lines(self, host: str) -> list[str]:
        """All that was typed on it since the case began."""
        return [entry.get("line", "") for entry in self.lab.control.log(host)[self.logged[host] :]]

    def platform(self, host: str) -> str:
        return next(one.platform for one in self.lab.control.devices() if one.name == host)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with lab(tmp_path_factory.mktemp("confirm"), devices=8) as found:
        yield found


@pytest.fixture
def fleet(shared: Lab) -> Fleet:
    names, control = shared.names, shared.control
    vlan = next(number for number in range(501, 600) if not any(number in control.vlans(name) for name in names))
    return Fleet(
        shared,
        vlan,
        {name: control.config(name) for name in names},
        {name: control.startup(name) for name in names},
        {name: len(control.log(name)) for name in names},
    )


async def test_a_wave_is_confirmed_and_saved_once_all_of_it_has_passed(fleet: Fleet, tmp_path: Path) -> None:
    definition = tmp_path / "confirmed.yaml"
    definition.write_text(written())
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "vlan.j2").write_text(TEMPLATE)
    given = ("-i", f"vlan={fleet.vlan}", "--by", "rita", "--wait")
    ended = await Programs(fleet.lab.stack.address).netsaga("run", str(definition), *given)
    assert ended.code == 0, ended.out + ended.err
    assert "Verdict: succeeded  6 changed" in ended.out
    fleet.kept(fleet.timed)


async def test_a_wave_of_which_one_device_fails_is_aborted_unsaved_and_the_one_before_stays(fleet: Fleet) -> None:
    first, *rest = fleet.timed
    run = await fleet.start(written(), worst=rest[-1])
    result = await run.result()
    assert result.verdict == "stopped", result.message
    fleet.kept([first])
    fleet.as_before(rest)
    for host in rest:
        assert any(ABORTS[fleet.platform(host)] in line for line in fleet.lines(host)), fleet.lines(host)
    letters = {str(line.host): line for line in (await run.all_devices()).devices}
    assert {letters[host].status for host in rest} == {"undone"}
    assert letters[rest[0]].message.startswith("taken back: wave rest did not pass as a whole")


async def test_a_wave_is_confirmed_although_the_worker_died_while_it_soaked(fleet: Fleet) -> None:
    run = await fleet.start(written(soak="2s"))
    await fleet.soaking(run)
    await fleet.lab.stack.worker.kill()
    await fleet.lab.stack.start_worker()
    async with asyncio.timeout(90):
        result = await run.result()
    assert result.verdict == "succeeded", result.message
    fleet.kept(fleet.timed)


@pytest.mark.parametrize("source", [DEFINITION, UNCHECKED], ids=["with checks", "without"])
async def test_a_device_that_went_back_before_its_wave_was_confirmed_takes_the_wave_along(
    fleet: Fleet, source: str
) -> None:
    first, *rest = fleet.timed
    early = rest[1]
    run = await fleet.start(written(source, soak="2s"))
    await fleet.soaking(run)
    assert fleet.lab.control.expire(early)
    async with asyncio.timeout(90):
        result = await run.result()
    assert result.verdict == "stopped", result.message
    fleet.kept([first])
    fleet.as_before(rest)
    line = next(line for line in (await run.all_devices()).devices if line.host == early)
    assert line.status == "failed"
    assert "its confirm timer ran out" in line.message.lower()


async def test_each_device_may_confirm_for_itself(fleet: Fleet) -> None:
    first, *rest = fleet.timed
    run = await fleet.start(written(hold="device"), worst=rest[-1])
    result = await run.result()
    assert result.verdict == "stopped", result.message
    fleet.kept([first])
    fleet.as_before(rest)
    aborted = [host for host in rest if any(ABORTS[fleet.platform(host)] in line for line in fleet.lines(host))]
    assert rest[-1] in aborted


async def test_best_effort_holds_where_there_is_a_timer_and_changes_the_others_without_one(fleet: Fleet) -> None:
    run = await fleet.start(written(hold="best_effort", soak="1s", select="true"))
    await fleet.lab.until(run, lambda now: any(wave.state == "soaking" for wave in waves(now, "deploy")))
    assert fleet.pending() == set(fleet.timed[1:])
    result = await run.result()
    assert result.verdict == "succeeded", result.message
    fleet.kept(fleet.lab.names)


async def test_what_no_device_could_keep_is_refused_before_any_is_touched(fleet: Fleet) -> None:
    for words, said in (
        ({"select": "true"}, r"step `deploy`: .*cisco_nxos has none .*acc-002, acc-006.*hold: best_effort"),
        ({"hold": "device", "select": "true"}, r"`confirm: {hold: device}` needs a confirm timer"),
        ({"soak": "20m"}, r"error\[NS707\]: the wave `rest` soaks for 20m"),
        ({"soak": "14m"}, r"wave `rest` of 5 devices may take .*840 s of soak.*revert after 900 s"),
        ({"within": "3h"}, r"`within` is 10800 s, and the timer of cisco_iosxe .*60 to 7200 s"),
    ):
        run = await fleet.start(written(**words))
        with pytest.raises(RunRefused, match=said):
            await run.result()
    assert not any(fleet.lines(host) for host in fleet.lab.names)
