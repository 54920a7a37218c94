"""What lines make of an indented configuration, and how that is taken back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.deviceinteraction.config import dialect, diff, hierarchy
from activities.deviceinteraction.config.footprint import Footprint, between

CONFIG = """\
hostname sw1
!
no ip domain lookup
vlan 10
 name users
!
vlan 20,30
!
interface GigabitEthernet1/0/1
 description desk 1
 switchport access vlan 10
 switchport mode access
!
interface GigabitEthernet1/0/24
 switchport trunk allowed vlan 10,20
 switchport trunk allowed vlan add 30
 switchport mode trunk
 no shutdown
!
router ospf 1
 network 10.0.0.0 0.0.0.255 area 0
!
end
"""


def change(*lines: str) -> Footprint:
    now = hierarchy.read(CONFIG)
    return between(list(now.paths()), list(hierarchy.predict(now, lines).paths()))


TRUNK = dialect.TRUNK
CASES = {
    "a new vlan": (("vlan 120", " name lab"), "+vlan 120\n+ name lab"),
    "a flat list": (("vlan 120", "name lab", "interface Gi1/0/1", "description x"),
                    " interface GigabitEthernet1/0/1\n- description desk 1\n+ description x\n+vlan 120\n+ name lab"),
    "an exit in between": (("vlan 120", " name lab", " exit", "hostname sw2"),
                           "-hostname sw1\n+hostname sw2\n+vlan 120\n+ name lab"),
    "a renamed vlan": (("vlan 10", " name staff"), " vlan 10\n- name users\n+ name staff"),
    "what holds already": (("vlan 10", " name users", " state active"), ""),
    "a default name": (("vlan 20", " name VLAN0020"), ""),
    "a removed vlan": (("no vlan 10",), "-vlan 10\n- name users"),
    "a list of vlans": (("vlan 120-121",), "+vlan 120\n+vlan 121"),
    "a vlan added to a trunk": (("interface GigabitEthernet1/0/24", " switchport trunk allowed vlan add 120"),
                                " interface GigabitEthernet1/0/24\n+ switchport trunk allowed vlan add 120"),
    "an abbreviated header": (("int gi1/0/24",), ""),
    "a trunk's list replaced": (("interface gi1/0/24", " switchport trunk allowed vlan 10,120"),
                                f" interface GigabitEthernet1/0/24\n- {TRUNK} add 20,30\n+ {TRUNK} add 120"),
    "an interface moved": (("interface GigabitEthernet1/0/1", " switchport access vlan 20"),
                           " interface GigabitEthernet1/0/1\n- switchport access vlan 10\n+ switchport access vlan 20"),
    "shut and described": (("interface GigabitEthernet1/0/1", " shutdown", " no description"),
                           " interface GigabitEthernet1/0/1\n- description desk 1\n+ shutdown"),
    "a switch turned on": (("ip domain lookup",), "-no ip domain lookup\n+ip domain lookup"),
    "a switch turned off": (("no cdp run",), "+no cdp run"),
    "nothing to remove": (("no vlan 77", "interface Gi1/0/1", " no shutdown", " no switchport voice vlan"), ""),
    "two levels": (("router bgp 65000", " address-family ipv4", "  network 10.0.0.0"),
                   "+router bgp 65000\n+ address-family ipv4\n+  network 10.0.0.0"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "expected"), CASES.values(), ids=CASES)
def test_a_change_is_shown_with_its_parents_and_nothing_else(lines: tuple[str, ...], expected: str) -> None:
    order = list(hierarchy.read(CONFIG).paths())
    shown = diff.rendered(change(*lines), order)
    assert shown == expected


# Which form of a switch is shown depends on its default, which only the device knows.
SWITCHES = {"a switch turned on", "a switch turned off"}
CERTAIN = {name: case[0] for name, case in CASES.items() if name not in SWITCHES}


@pytest.mark.parametrize("lines", CERTAIN.values(), ids=CERTAIN)
def test_the_inverse_leads_back(lines: tuple[str, ...]) -> None:
    now = hierarchy.read(CONFIG)
    future = hierarchy.predict(now, lines)
    footprint = between(list(now.paths()), list(future.paths()))
    inverse = diff.undoing(footprint, frozenset(future.paths()))
    assert inverse is not None
    assert set(hierarchy.predict(future, inverse).paths()) == set(now.paths())


LINES = st.sampled_from(
    [
        ("vlan 10", " name staff"),
        ("vlan 11", " name fresh"),
        ("no vlan 10",),
        ("no vlan 11",),
        ("vlan 12-14",),
        ("interface GigabitEthernet1/0/1", " switchport access vlan 11"),
        ("interface GigabitEthernet1/0/1", " no switchport access vlan"),
        ("interface GigabitEthernet1/0/1", " shutdown"),
        ("interface GigabitEthernet1/0/1", " no description"),
        ("interface GigabitEthernet1/0/24", " switchport trunk allowed vlan add 11"),
        ("interface GigabitEthernet1/0/24", " switchport trunk allowed vlan remove 10"),
        ("interface GigabitEthernet1/0/24", " switchport trunk allowed vlan none"),
        ("interface GigabitEthernet1/0/24", " no switchport trunk allowed vlan"),
        ("no interface GigabitEthernet1/0/24",),
        ("hostname other",),
        ("no router ospf 1",),
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(LINES, min_size=1, max_size=6))
def test_any_change_is_taken_back_by_its_inverse(changes: list[tuple[str, ...]]) -> None:
    lines = [line for lines in changes for line in lines]
    now = hierarchy.read(CONFIG)
    future = hierarchy.predict(now, lines)
    footprint = between(list(now.paths()), list(future.paths()))
    inverse = diff.undoing(footprint, frozenset(future.paths()))
    assert inverse is not None
    assert set(hierarchy.predict(future, inverse).paths()) == set(now.paths())
    assert footprint.without(frozenset(future.paths())) == frozenset(now.paths())


@settings(deadline=None, max_examples=60)
@given(st.lists(LINES, min_size=1, max_size=6))
def test_any_change_that_was_cut_is_finished_by_its_rest(changes: list[tuple[str, ...]]) -> None:
    lines = [line for lines in changes for line in lines]
    now = hierarchy.read(CONFIG)
    final = set(hierarchy.predict(now, lines).paths())
    state = set(now.paths())
    for done, (before, after) in enumerate(hierarchy.stages(now, lines), start=1):
        state = state - set(before) | set(after)
        reached = hierarchy.predict(now, lines[:done])
        assert state == set(reached.paths())
        assert set(hierarchy.predict(reached, hierarchy.rest(lines, done)).paths()) == final
    assert hierarchy.rest(lines, len(lines)) == ()
    assert state == final


def test_blocks_are_left_before_the_next_line() -> None:
    sent = hierarchy.as_sent(["vlan 120", " name lab", "interface Gi1/0/1", " shutdown", "ip routing"])
    assert sent == ("vlan 120", "name lab", "exit", "interface Gi1/0/1", "shutdown", "exit", "ip routing")


def test_a_line_with_a_secret_is_known_by_its_hash_and_has_no_inverse() -> None:
    from activities.deviceinteraction.config.footprint import keyed

    path = keyed(("username bob secret 0 hunter2",))
    assert "hunter2" not in path[0]
    assert path != keyed(("username bob secret 0 hunter3",))
    assert diff.undoing(Footprint(added=(path,)), {path}) is None


@given(st.sets(st.integers(1, 4094), max_size=40))
def test_ranges_of_vlans_are_read_as_they_are_written(values: set[int]) -> None:
    assert dialect.numbers(dialect.ranges(sorted(values))) == sorted(values)
