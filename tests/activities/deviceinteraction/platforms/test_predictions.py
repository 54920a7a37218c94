"""On platforms without a candidate, what is predicted is what the device then shows, for the lines of campus work."""

from pathlib import Path

import pytest

from devicelab import NAMES, Lab, MemoryJournal

PORT = {
    "cisco_iosxe": "GigabitEthernet1/0/3",
    "cisco_nxos": "Ethernet1/3",
    "arista_eos": "Ethernet3",
}
CHANGES = {
    "several vlans": ["vlan 120-122", "vlan 120", " name lab"],
    "a flat list": ["vlan 120", "name lab", "interface {port}", "description seat three", "shutdown"],
    "a removed vlan": ["no vlan 20"],
    "a renamed vlan": ["vlan 20", " name phones"],
    "a suspended vlan": ["vlan 20", " state suspend"],
    "a port moved": ["interface {port}", " switchport access vlan 20"],
    "a port made a trunk": ["interface {port}", " switchport mode trunk", " switchport trunk allowed vlan 10,20"],
    "a port without a description": ["interface {port}", " no description"],
    "both sides of a port": ["interface {port}", " shutdown", " no shutdown", " description x"],
}


@pytest.mark.parametrize("lab", PORT, indirect=True)
@pytest.mark.parametrize("lines", CHANGES.values(), ids=CHANGES)
async def test_a_usual_change_is_made_as_predicted_and_taken_back_both_ways(lab: Lab, lines: list[str]) -> None:
    typed = [line.format(port=PORT[lab.platform]) for line in lines]
    before = lab.device.running_config()
    async with lab.session() as session:
        for token, method in (("0" * 12, "inverse"), ("1" * 12, "native")):
            names, journal = type(NAMES)(token, "a change"), MemoryJournal()
            change = await session.propose(typed, names)
            assert (await session.apply(change, names, journal, save=False)).changed
            again = await session.propose(typed, names)
            assert again.empty, again.diff
            undone = await session.undo(names, journal, methods=["inverse" if method == "inverse" else "native"])
            assert undone.was_touched
            assert undone.foreign == ()
            assert lab.device.running_config() == before


@pytest.mark.parametrize("lab", ["cisco_nxos"], indirect=True)
async def test_ten_changes_do_not_run_out_of_checkpoints(lab: Lab) -> None:
    async with lab.session() as session:
        for number in range(12):
            names = type(NAMES)(f"{number:012x}", "one of many")
            change = await session.propose([f"vlan {300 + number}"], names)
            assert (await session.apply(change, names, MemoryJournal(), save=False)).changed
    assert {300, 311} <= set(lab.device.vlans())


@pytest.mark.parametrize("lab", ["cisco_iosxe"], indirect=True)
async def test_many_changes_do_not_fill_the_flash(lab: Lab, tmp_path: Path) -> None:
    async with lab.session() as session:
        for number in range(9):
            names = type(NAMES)(f"{number:012x}", "one of many")
            change = await session.propose([f"vlan {300 + number}"], names)
            assert (await session.apply(change, names, MemoryJournal(), save=False)).changed
        listing = await session.show("dir flash:")
    assert listing.count("netsaga-") == 6
