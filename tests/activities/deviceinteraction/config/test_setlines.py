"""Inverses of Junos set lines, and interfaces read from them."""

from activities.deviceinteraction.config.footprint import Footprint
from activities.deviceinteraction.config.setlines import as_diff, interfaces, undoing

HELD = frozenset(
    (line,)
    for line in (
        "set system host-name sw1",
        "set vlans users vlan-id 10",
        "set interfaces ge-0/0/0 description desk",
        'set interfaces ge-0/0/1 description "seat two"',
        "set interfaces ge-0/0/1 unit 0 family ethernet-switching interface-mode trunk",
        "set interfaces ge-0/0/1 unit 0 family ethernet-switching vlan members users",
        "set interfaces ge-0/0/1 unit 0 family ethernet-switching vlan members 20-21",
    )
)


def inverse(added: list[str], removed: list[str]) -> tuple[str, ...] | None:
    footprint = Footprint(added=tuple((line,) for line in added), removed=tuple((line,) for line in removed))
    present = HELD - set(footprint.removed) | set(footprint.added)
    return undoing(footprint, present)


def test_a_new_vlan_is_deleted_as_a_whole() -> None:
    added = ["set vlans lab vlan-id 120", 'set vlans lab description "for tests"']
    assert inverse(added, []) == ("delete vlans lab",)


def test_a_new_setting_beside_others_is_deleted_alone() -> None:
    assert inverse(["set interfaces ge-0/0/0 mtu 9000"], []) == ("delete interfaces ge-0/0/0 mtu",)


def test_a_replaced_value_is_only_set_back() -> None:
    assert inverse(["set system host-name sw2"], ["set system host-name sw1"]) == ("set system host-name sw1",)


def test_a_member_of_a_list_is_deleted_by_its_value() -> None:
    added = "interfaces ge-0/0/1 unit 0 family ethernet-switching vlan members lab"
    assert inverse([f"set {added}"], []) == (f"delete {added}",)


def test_a_deactivated_statement_is_activated() -> None:
    assert inverse(["deactivate vlans users"], []) == ("activate vlans users",)


def test_a_secret_has_no_inverse() -> None:
    assert inverse(["set system x <redacted> #0123456789ab"], []) is None


def test_a_diff_has_a_sign_or_a_blank_in_front() -> None:
    assert as_diff("\n[edit vlans]\n+   lab {\n+       vlan-id 120;\n+   }\n") == (
        " [edit vlans]\n+   lab {\n+       vlan-id 120;\n+   }"
    )


def test_interfaces_have_modes_members_and_descriptions() -> None:
    terse = "Interface  Admin Link Proto    Local\nge-0/0/1  up    down\nge-0/0/1.0 up down eth-switch\n"
    found = interfaces([path[0] for path in HELD], terse)
    assert list(found) == ["ge-0/0/1"]
    port = found["ge-0/0/1"]
    assert (port.admin, port.oper, port.mode) == ("up", "down", "trunk")
    assert port.trunk_vlans == (10, 20, 21)
    assert port.description == "seat two"
