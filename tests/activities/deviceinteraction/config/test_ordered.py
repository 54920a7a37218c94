"""Where the order of lines counts: what an inverse cannot say is no inverse, and a block that was reordered is seen."""

import pytest

from activities.deviceinteraction.config import diff, hierarchy, setlines
from activities.deviceinteraction.config.footprint import Path, between
from activities.deviceinteraction.config.ordered import lost_places, moved

LIST = """\
ip access-list extended EDGE
 permit tcp any host 192.0.2.1 eq 443
 deny ip any 192.0.2.0 0.0.0.255
 permit ip any any
ip access-list extended NUMBERED
 10 permit tcp any host 192.0.2.1 eq 443
 20 deny ip any any
"""
FILTER = [
    "set firewall family inet filter edge term web from port 443",
    "set firewall family inet filter edge term web then accept",
    "set firewall family inet filter edge term rest then discard",
    "set interfaces ge-0/0/0 unit 0 family inet filter input edge",
]


def undone(*lines: str) -> tuple[str, ...] | None:
    """The inverse of a change of the list, once it is made."""
    now = hierarchy.read(LIST)
    future = list(hierarchy.predict(now, lines).paths())
    return diff.undoing(between(list(now.paths()), future), frozenset(future))


def test_an_entry_taken_out_of_an_access_list_has_no_inverse() -> None:
    assert undone("ip access-list extended EDGE", " no deny ip any 192.0.2.0 0.0.0.255") is None


def test_one_with_a_number_has_one_and_so_has_one_that_was_added() -> None:
    assert undone("ip access-list extended NUMBERED", " no 20 deny ip any any") == (
        "ip access-list extended NUMBERED",
        " 20 deny ip any any",
    )
    assert undone("ip access-list extended EDGE", " permit udp any any") == (
        "ip access-list extended EDGE",
        " no permit udp any any",
    )


def test_a_whole_list_comes_back_in_its_order() -> None:
    assert undone("no ip access-list extended EDGE") == tuple(LIST.splitlines()[:4])


@pytest.mark.parametrize(
    ("line", "has_a_place"),
    [
        ("access-list 101 permit ip any any", True),
        ("ip prefix-list P permit 10.0.0.0/8", True),
        ("ip prefix-list P seq 5 permit 10.0.0.0/8", False),
        ("access-list A seq 5 permit any", False),
        ("bgp as-path access-list A permit ^1", True),
        ("ip access-list extended EDGE", False),
        ("snmp-server community x RO", False),
    ],
)
def test_entries_at_the_top_of_a_configuration(line: str, has_a_place: bool) -> None:
    assert lost_places([(line,)]) == (((line,),) if has_a_place else ())


def _junos(kept: list[str]) -> tuple[str, ...] | None:
    had: list[Path] = [(line,) for line in FILTER]
    has: list[Path] = [(line,) for line in kept]
    return setlines.undoing(between(had, has), frozenset(has))


def test_a_term_taken_out_of_a_filter_has_no_inverse_and_a_part_of_a_term_has() -> None:
    assert _junos(FILTER[2:]) is None
    assert _junos(FILTER[1:]) == (FILTER[0],)
    assert _junos(FILTER[3:]) == tuple(FILTER[:3])  # the whole filter, in its order


def test_a_block_is_moved_if_what_stayed_in_it_changed_places() -> None:
    had: list[Path] = [("list",), ("list", "a"), ("list", "b"), ("list", "c"), ("other",), ("other", "x")]
    assert moved(had, had) == ()
    assert moved(had, [*had[:2], had[3], ("list", "d"), *had[4:]]) == ()  # one gone, one new
    assert moved(had, [had[0], had[2], ("list", "new"), had[1], had[3], *had[4:]]) == (("list",),)
    assert moved(had, [*had[4:], *had[:4]]) == ((),)
