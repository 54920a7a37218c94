"""Configurations in braces: read whole or not at all, and taken back in lines that say what they delete."""

import pytest

from activities.deviceinteraction.config.braces import as_diff, read, undoing, within
from activities.deviceinteraction.config.footprint import Footprint, Path, between, keyed

SRLINUX = """\
    interface ethernet-1/1 {
        admin-state enable
        description "desk 1"
        subinterface 0 {
            ipv4 {
                address 192.0.2.1/31 {
                }
            }
        }
    }
    system {
        banner {
            login-banner "Authorised
use { only"
        }
        dns {
            server-list [
                192.0.2.53
                192.0.2.54
            ]
        }
    }
"""
SROS = """\
# Generated Sun Nov 22 05:44:06 2026 UTC
configure {
    router "Base" {
        bgp {
            group "core" {
                import {
                    policy ["in" "martians"]
                }
            }
        }
        interface "lo0" { }
    }
}
# Finished Sun Nov 22 05:44:06 2026 UTC
"""


def paths(text: str) -> tuple[Path, ...]:
    return tuple(keyed(path) for path in read(text))


def undone(before: str, after: str) -> tuple[str, ...] | None:
    """What takes a change of SR Linux back."""
    footprint = between(paths(before), paths(after))
    return undoing(footprint, frozenset(paths(after)), set_by="set /", delete_by="delete /")


def test_every_statement_stands_with_those_around_it() -> None:
    found = read(SRLINUX)
    assert found[0] == ("interface ethernet-1/1 {",)
    assert ("interface ethernet-1/1 {", "subinterface 0 {", "ipv4 {", "address 192.0.2.1/31 {") in found
    assert ("system {", "dns {", "server-list [ 192.0.2.53 192.0.2.54 ]") in found
    assert ("system {", "banner {", 'login-banner "Authorised\nuse { only"') in found


def test_an_entry_that_holds_nothing_is_an_entry_also_on_one_line() -> None:
    found = read(SROS)
    base = ("configure {", 'router "Base" {')
    assert found[-1] == (*base, 'interface "lo0" {')
    assert (*base, "bgp {", 'group "core" {', "import {", 'policy ["in" "martians"]') in found
    assert within(found, *base)[-1] == ('interface "lo0" {',)


@pytest.mark.parametrize("cut", ["system {\n  name x\n", "}\n", "system {\n  list [\n    a\n", 'name "never\n'])
def test_what_is_not_whole_is_refused(cut: str) -> None:
    with pytest.raises(ValueError, match=r"not closed|never opened|does not end"):
        read(cut)


def test_a_block_that_came_is_deleted_whole_and_one_that_went_comes_back_line_by_line() -> None:
    new = SRLINUX + "    interface lo7 {\n        description x\n        subinterface 0 {\n        }\n    }\n"
    assert undone(SRLINUX, new) == ("delete / interface lo7",)
    assert undone(new, SRLINUX) == ("set / interface lo7 description x", "set / interface lo7 subinterface 0")


def test_a_value_that_replaced_another_is_set_back_and_one_that_is_new_is_deleted_by_its_name() -> None:
    assert undone(SRLINUX, SRLINUX.replace('"desk 1"', '"desk 2"')) == (
        'set / interface ethernet-1/1 description "desk 1"',
    )
    assert undone(SRLINUX.replace('        description "desk 1"\n', ""), SRLINUX) == (
        "delete / interface ethernet-1/1 description",
    )


def test_a_list_of_values_is_deleted_before_it_is_set_back() -> None:
    assert undone(SRLINUX, SRLINUX.replace("192.0.2.54", "192.0.2.55")) == (
        "delete / system dns server-list",
        "set / system dns server-list [ 192.0.2.53 192.0.2.54 ]",
    )


def test_no_line_is_made_of_a_secret() -> None:
    before = "system {\n  user x {\n    password secret1\n  }\n}\n"
    assert undone(before, before.replace("secret1", "secret2")) is None


def test_what_is_not_there_any_more_is_not_deleted() -> None:
    footprint = Footprint(added=(("interface lo7 {",),))
    assert undoing(footprint, frozenset(), set_by="set /", delete_by="delete /") == ()


def test_a_diff_has_a_sign_or_a_blank_in_front_of_each_line() -> None:
    assert as_diff("    a {\n+       b c\n    }\n\n") == "    a {\n+       b c\n    }"
    assert as_diff("~ x") == " ~ x"
