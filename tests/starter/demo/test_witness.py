"""The demonstration's witnesses: what a `show vlan` says, and what counts as made twice."""

from datetime import UTC, datetime

import pytest

from starter.demo.witness import Effect, Entry, _line_of, repeated

IOS = """\
acc-001#show vlan 120
VLAN Name                             Status    Ports
---- -------------------------------- --------- -------------------------------
12   users120                         active    Gi1/0/1
120  cameras                          active    Gi1/0/120, Gi1/0/2
1200 other                            active
"""
JUNOS = """\
netsaga@acc-004> show vlans
default-switch          users                 10
                                                               ge-0/0/120.0*
default-switch          cameras               120
"""


@pytest.mark.parametrize(
    ("answer", "vlan_id", "line"),
    [
        (IOS, 120, "120 cameras active Gi1/0/120,"),
        (IOS, 1200, "1200 other active"),
        (IOS, 2, None),
        (JUNOS, 120, "default-switch cameras 120"),
        (JUNOS, 11, None),
        ("% Invalid input detected at '^' marker.", 120, None),
    ],
)
def test_a_vlan_is_found_by_its_number_alone(answer: str, vlan_id: int, line: str | None) -> None:
    assert _line_of(answer, vlan_id) == line


def made(*entries: tuple[str, Effect]) -> list[Entry]:
    return [Entry(datetime.now(UTC), 1, line, effect) for line, effect in entries]


def test_a_line_that_took_effect_twice_is_named() -> None:
    assert repeated(made(("vlan 120", "running"), ("name x", "running"), ("vlan 120", "running"))) == ["vlan 120"]
    assert repeated(made(("vlan 120", "running"), ("checkpoint a", "checkpoint"), ("checkpoint a", "checkpoint"))) == []


def test_a_save_counts_again_only_if_nothing_changed_since_the_last() -> None:
    change, save = made(("vlan 120", "running"), ("write memory", "startup"))
    (undo,) = made(("no vlan 120", "running"))
    assert repeated([change, save, undo, save]) == []
    assert repeated([change, save, save]) == ["write memory"]
