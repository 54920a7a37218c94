"""Candidates, locks, commits and rollbacks on Junos."""

import re

import pytest

from activities.deviceinteraction.testbed import TestbedDevice
from testbed_terminal import terminal


def effects(device: TestbedDevice) -> list[str]:
    return [entry["line"] for entry in device.commands() if entry["effect"] == "running"]


async def test_a_candidate_changes_nothing_until_it_is_committed(junos: TestbedDevice) -> None:
    async with terminal(junos) as typed:
        assert "Entering configuration mode" in await typed.send("configure exclusive")
        await typed.lines("set vlans lab vlan-id 120", 'set vlans lab description "a lab"')
        compared = await typed.output("show | compare")
        hunk = '[edit vlans]\n+   lab {\n+       description "a lab";\n+       vlan-id 120;\n+   }'
        assert compared.strip() == f"{hunk}\n\n[edit]"
        assert 120 not in junos.vlans()
        assert "configuration check succeeds" in await typed.output("commit check")
        assert effects(junos) == []
        assert "commit complete" in await typed.output('commit comment "netsaga run-1 deploy"')
        await typed.send("exit configuration-mode")
        assert "netsaga run-1 deploy" in await typed.output("show system commit")
    assert junos.vlans()[120].name == "lab"
    assert effects(junos) == ['commit comment "netsaga run-1 deploy"']


async def test_rollback_1_brings_the_former_configuration_back(junos: TestbedDevice) -> None:
    before = junos.running_config()
    junos.change(["set vlans lab vlan-id 120", "set interfaces ge-0/0/0 description new"])
    async with terminal(junos) as typed:
        against = await typed.output("show configuration | compare rollback 1")
        assert "+   lab {" in against
        assert '-   description "desk 1";\n+   description new;' in against
        await typed.send("configure exclusive")
        assert "load complete" in await typed.output("rollback 1")
        assert "-   lab {" in await typed.output("show | compare")
        assert "Exiting configuration mode" in await typed.output("commit and-quit")
    assert junos.running_config() == before


async def test_rollback_0_empties_the_candidate(junos: TestbedDevice) -> None:
    async with terminal(junos) as typed:
        await typed.lines("configure", "delete vlans voice")
        assert "-   voice {" in await typed.output("show | compare")
        await typed.send("rollback 0")
        assert (await typed.output("show | compare")).strip() == "[edit]"


async def test_a_lock_is_respected_and_falls_with_its_session(junos: TestbedDevice) -> None:
    async with terminal(junos) as first, terminal(junos) as second:
        await first.lines("configure exclusive", "set vlans lab vlan-id 120")
        refused = await second.output("configure exclusive")
        assert refused.startswith("error: configuration database locked by:\n  netsaga terminal")
        assert "exclusive [edit]" in refused
        await second.send("configure")
        assert "locked by" in await second.output("set vlans other vlan-id 121")
        assert "locked by" in await second.output("commit")
        await second.send("exit", "Exit with uncommitted changes? [yes,no] (yes) ")
        await second.send("yes")
    async with terminal(junos) as third:
        assert "Entering configuration mode" in await third.send("configure exclusive")
        assert (await third.output("show | compare")).strip() == "[edit]"


@pytest.mark.parametrize("which", [r"pid \d+", r"terminal pts/\d+"])
async def test_a_session_can_be_logged_out_and_its_exclusive_candidate_goes_with_it(
    junos: TestbedDevice, which: str
) -> None:
    async with terminal(junos) as first, terminal(junos) as second:
        await first.lines("configure exclusive", "set vlans lab vlan-id 120")
        named = re.search(which, await second.output("configure exclusive"))
        assert named is not None
        assert (await second.output(f"request system logout {named.group(0)}")).strip() == ""
        assert "Entering configuration mode" in await second.send("configure exclusive")
        assert (await second.output("show | compare")).strip() == "[edit]"
        await second.send("exit configuration-mode")
        assert "error:" in await second.output("request system logout pid 99999")
    assert 120 not in junos.vlans()


async def test_status_names_an_editor_as_the_refusal_of_a_lock_does(junos: TestbedDevice) -> None:
    async with terminal(junos) as first, terminal(junos) as second:
        await first.send("configure exclusive")
        named = re.search(r"netsaga terminal .*UTC", await first.output("status"))
        assert named is not None
        assert named.group(0) in await second.output("configure exclusive")


async def test_a_shared_candidate_that_is_not_empty_bars_exclusive_mode(junos: TestbedDevice) -> None:
    junos.change(["set vlans theirs vlan-id 333"], user="colleague", commit=False)
    async with terminal(junos) as typed:
        assert "error: configuration database modified" in await typed.output("configure exclusive")
        assert "The configuration has been changed but not committed" in await typed.output("configure")
    assert 333 not in junos.vlans()


async def test_leaving_with_changes_asks(junos: TestbedDevice) -> None:
    async with terminal(junos) as typed:
        await typed.lines("configure exclusive", "set vlans lab vlan-id 120")
        await typed.send("exit configuration-mode", "Discard uncommitted changes? [yes,no] (yes) ")
        assert (await typed.send("no")).endswith("netsaga@acc-004# ")
        await typed.send("exit configuration-mode", "Discard uncommitted changes? [yes,no] (yes) ")
        assert "warning: discarding uncommitted changes" in await typed.send("")
        await typed.lines("configure", "set vlans lab vlan-id 120")
        await typed.send("exit configuration-mode", "Exit with uncommitted changes? [yes,no] (yes) ")
        await typed.send("yes")
        assert "error: configuration database modified" in await typed.output("configure exclusive")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "unknown command."),
        ("set vlanss x", "syntax error"),
        ("set vlans lab vlan-id", "missing argument."),
        ("set vlans lab vlan-id 5000", "not within range (1..4094)"),
        ("set s", "is ambiguous."),
        ("delete nothing here", "syntax error"),
    ],
)
async def test_a_wrong_line_is_refused_in_junos_words(junos: TestbedDevice, line: str, words: str) -> None:
    async with terminal(junos) as typed:
        await typed.send("configure exclusive")
        assert words in await typed.output(line)
        assert (await typed.output("show | compare")).strip() == "[edit]"
    assert [entry["result"] for entry in junos.commands() if entry["line"] == line] == ["rejected"]


@pytest.mark.parametrize(
    "lines",
    [
        ["set vlans lab vlan-id 10"],
        ["set interfaces ge-0/0/0 unit 0 family ethernet-switching vlan members nowhere"],
        ["delete vlans users"],
    ],
)
async def test_a_commit_that_does_not_fit_together_is_refused(junos: TestbedDevice, lines: list[str]) -> None:
    async with terminal(junos) as typed:
        await typed.lines("configure exclusive", *lines)
        assert "error: configuration check-out failed" in await typed.output("commit")
    assert effects(junos) == []


async def test_a_later_commit_check_confirms_a_commit_confirmed(junos: TestbedDevice) -> None:
    async with terminal(junos) as typed:
        await typed.lines("configure exclusive", "set vlans lab vlan-id 120")
        assert "will be automatically rolled back in 5 minutes" in await typed.output("commit confirmed 5")
        assert junos.revert_due is not None
        await typed.send("commit check")
    assert junos.revert_due is None
    assert 120 in junos.vlans()


async def test_the_configuration_is_shown_in_three_ways(junos: TestbedDevice) -> None:
    async with terminal(junos) as typed:
        assert "\nvlans {\n    management {\n        vlan-id 99;" in await typed.output("show configuration")
        as_set = await typed.output("show configuration | display set")
        assert as_set.strip() == junos.running_config().strip()
        part = await typed.output("show configuration vlans users | display set | no-more")
        assert part.strip() == "set vlans users vlan-id 10"
        assert "desk 3" in await typed.output("show interfaces descriptions | match desk")
        assert "ge-0/0/0.0" in await typed.output("show interfaces terse | no-more")


async def test_edit_up_and_top_move_in_the_hierarchy(junos: TestbedDevice) -> None:
    async with terminal(junos) as typed:
        await typed.send("configure")
        assert "[edit vlans lab]" in await typed.send("edit vlans lab")
        await typed.send("set vlan-id 120")
        assert "vlan-id 120;" in await typed.output("show")
        await typed.send("up")
        assert "[edit]" in await typed.send("top")
        assert "+   lab {" in await typed.output("show | compare")
        assert "Hostname: acc-004" in await typed.output("run show version")
