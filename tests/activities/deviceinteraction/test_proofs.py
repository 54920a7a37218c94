"""The page about platforms is current, and says of no platform more than is so."""

from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.proofs import PAGE, PROOFS, known, page


def test_the_page_about_platforms_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make reference`"


def test_every_platform_says_how_it_is_known_and_no_other_does() -> None:
    assert set(PROOFS) == set(PLATFORMS)


def test_what_a_platform_does_not_offer_is_not_known() -> None:
    assert known(PLATFORMS["frr"], "confirm") is None
    assert known(PLATFORMS["frr"], "vlans") is None
    assert known(PLATFORMS["netconf"], "confirm") == "real"
    assert known(PLATFORMS["netconf"], "restore") is None


def test_what_no_machine_here_has_is_said_to_be_unproven() -> None:
    assert "| real; unproven where systemd runs (`systemd-run`) |" in page()
