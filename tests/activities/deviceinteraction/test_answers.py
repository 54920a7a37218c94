"""Which answers are refusals, in the vendors' own words, and which are not."""

import pytest

from activities.deviceinteraction.answers import refusal, refused_show, without_log_lines

REFUSED = {
    "ios invalid": "           ^\n% Invalid input detected at '^' marker.\n",
    "ios ambiguous": '% Ambiguous command:  "s"',
    "ios incomplete": "% Incomplete command.",
    "ios vlan": "Command rejected: Bad VLAN list",
    "ios authorization": "Command authorization failed.",
    "nxos": "                ^\n% Invalid command at '^' marker.",
    "nxos permission": "% Permission denied for the role",
    "nxos error": "ERROR: Cannot create checkpoint",
    "eos": "% Invalid input",
    "eos unavailable": "% Unavailable command (not supported on this hardware platform)",
    "junos syntax": "         ^\nsyntax error, expecting <command>.",
    "junos unknown": "                ^\nunknown command.",
    "junos argument": "                ^\nmissing argument.",
    "junos error": "error: configuration database locked by:",
    "junos ambiguous": "'vl' is ambiguous.",
    "srlinux": "Parsing error: Unknown token 'x'. Options are ['#']",
    "srlinux commit": "Error: Cannot commit transaction (commit confirmed in progress)",
    "sros": "      ^^\nMINOR: MGMT_CORE #2201: Unknown element - 'tt'",
}
TAKEN = {
    "nothing": "",
    "portfast": "%Warning: portfast should only be enabled on ports connected to a single host.",
    "warning": "% Warning: the VLAN is shut down",
    "log": "*Nov 21 10:00:00.123: %SYS-5-CONFIG_I: Configured from console by netsaga on vty0",
    "junos": "commit complete",
    "sros": "INFO: CLI #2060: Entering exclusive configuration mode",
    "srlinux": "All changes have been committed. Leaving candidate mode.",
    "info": "Enter configuration commands, one per line.  End with CNTL/Z.",
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_told_by_the_vendor_s_words(answer: str) -> None:
    words = refusal(answer)
    assert words
    assert words in answer.replace("\n", " ")


@pytest.mark.parametrize("answer", TAKEN.values(), ids=TAKEN)
def test_a_warning_is_no_refusal(answer: str) -> None:
    assert refusal(answer) is None


def test_a_long_output_that_quotes_a_refusal_is_not_one() -> None:
    log = "\n".join(f"line {number}" for number in range(20)) + "\n% Invalid input was typed by somebody"
    assert refused_show(log) is None
    assert refused_show("\n  ^\n% Invalid input detected at '^' marker.\n") is not None


def test_log_lines_in_between_are_stripped() -> None:
    answer = "vlan 1\n*Nov 21 10:00:00.123: %LINK-3-UPDOWN: Interface Gi1/0/1, changed state to up\nvlan 2\n"
    assert without_log_lines(answer) == "vlan 1\nvlan 2\n"
    nxos = "2026 Nov 21 10:00:00 sw1 %VSHD-5-VSHD_SYSLOG_CONFIG_I: Configured from vty\nrest"
    assert without_log_lines(nxos) == "rest"
