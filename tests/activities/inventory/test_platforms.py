"""What other tools call a platform is understood, and what nobody knows passes through."""

from typing import get_args

import pytest

from activities.deviceinteraction.model import PlatformName
from activities.inventory.platforms import platform_called


@pytest.mark.parametrize("name", ["srl", "nokia_srl", "nokia.srlinux.srlinux", "nokia_srlinux", " SRL "])
def test_sr_linux_is_known_by_the_names_of_other_tools(name: str) -> None:
    assert platform_called(name) == "nokia_srlinux"


@pytest.mark.parametrize("name", ["sros", "nokia_sros", "alcatel_sros", "nokia.sros.md"])
def test_sr_os_is_known_by_the_names_of_other_tools(name: str) -> None:
    assert platform_called(name) == "nokia_sros"


def test_our_own_names_stay_what_they_are() -> None:
    assert [platform_called(name) for name in get_args(PlatformName)] == list(get_args(PlatformName))
    assert platform_called("timos_classic") == "timos_classic"
