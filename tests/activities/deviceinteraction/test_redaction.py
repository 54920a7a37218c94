"""Which parts of a text are hidden."""

import json

import pytest
from pydantic import SecretStr

from activities.deviceinteraction.model import Credential
from activities.deviceinteraction.redaction import HIDDEN, Redactor, by_pattern

LINES = {
    "enable secret 9 $9$abc$def": "abc",
    "username admin privilege 15 secret 0 hunter2": "hunter2",
    "username admin password 5 $5$XYZ role network-admin": "XYZ",
    "username netsaga secret sha512 $6$salt$hash": "salt",
    "snmp-server community s3cr3t RO": "s3cr3t",
    "snmp-server user monitor network-operator auth md5 0xdeadbeef priv 0xcafebabe localizedkey": "0xdeadbeef",
    "tacacs-server key 7 0701204E": "0701204E",
    "radius-server host 10.0.0.1 key 7 1234ABCD": "1234ABCD",
    " key 7 070C285F": "070C285F",
    " neighbor 10.0.0.1 password 7 02050D48": "02050D48",
    " ip ospf message-digest-key 1 md5 7 0822455D": "0822455D",
    " key-string 7 01100F17": "01100F17",
    'set system root-authentication encrypted-password "$6$abc"': "abc",
    "snmp-server host 10.0.0.1 c0mmun1ty": "c0mmun1ty",
    "snmp-server host 10.0.0.1 traps version 2c c0mmun1ty udp-port 162": "c0mmun1ty",
    "snmp-server host 10.0.0.1 vrf mgmt informs version 2c c0mmun1ty": "c0mmun1ty",
    "crypto isakmp key pr3shared address 10.0.0.1": "pr3shared",
    " wpa-psk ascii 0 pr3shared": "pr3shared",
    " standby 1 authentication text hsrpword": "hsrpword",
    "set snmp community s3cr3t authorization read-only": "s3cr3t",
    'set protocols bgp group x authentication-key "$9$secret"': "secret",
    '    encrypted-password "$6$abcdef"; ## SECRET-DATA': "abcdef",
}
PLAIN = [
    "service password-encryption",
    "vlan 120",
    " name key-users",
    "key chain OSPF",
    "crypto key generate rsa modulus 2048",
    "aaa authentication login default local",
    "snmp-server host 10.0.0.1 version 3 noauth monitor",
    "snmp-server host 10.0.0.1 traps",
    "interface GigabitEthernet1/0/1",
]


@pytest.mark.parametrize(("line", "secret"), LINES.items(), ids=LINES)
def test_a_line_that_holds_a_secret_loses_it(line: str, secret: str) -> None:
    hidden = by_pattern(line)
    assert secret not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize("line", PLAIN)
def test_a_line_without_a_secret_stays_as_it_is(line: str) -> None:
    assert by_pattern(line) == line


@pytest.mark.parametrize(("line", "secret"), LINES.items(), ids=LINES)
def test_case_and_letters_beyond_ascii_hide_no_secret_from_it(line: str, secret: str) -> None:
    assert secret.upper() not in by_pattern(line.upper())
    assert secret not in by_pattern(f"description Küche\n{line}")


def test_a_keyword_is_known_by_letters_that_only_the_pattern_takes_for_its_own() -> None:
    assert "hunter2" not in by_pattern("pa\N{LATIN SMALL LETTER LONG S}\N{LATIN SMALL LETTER LONG S}word hunter2")


def test_a_credential_s_values_are_hidden_wherever_they_stand() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nabcd\n-----END PRIVATE KEY-----"
    redact = Redactor.of(Credential("netsaga", SecretStr("pa$$word"), SecretStr("enable-me"), SecretStr(key)))
    text = redact(f"banner pa$$word and enable-me, {key}")
    assert text == f"banner {HIDDEN} and {HIDDEN}, {HIDDEN}"


def test_redacting_twice_changes_nothing_more() -> None:
    for line in LINES:
        once = by_pattern(line)
        assert by_pattern(once) == once


def test_a_short_password_does_not_riddle_the_text() -> None:
    assert Redactor(["a"])("a vlan") == "a vlan"


@pytest.mark.parametrize("leaf", ["password", "hashed-password", "secret", "key-string", "community", "a:private-key"])
def test_a_leaf_that_keeps_a_secret_is_hidden_in_xml_and_its_neighbours_are_not(leaf: str) -> None:
    whole = f"<name>ops</name><community-set>blue</community-set><{leaf}>hunter2</{leaf}>"
    assert "hunter2" not in by_pattern(whole.partition("r2</")[0])
    shown = by_pattern(whole)
    assert shown.count(HIDDEN) == 1
    assert "hunter2" not in shown
    assert "<name>ops</name>" in shown
    assert "blue" in shown
    assert by_pattern(f"<{leaf}>\n  <name>x</name></{leaf}>") == f"<{leaf}>\n  <name>x</name></{leaf}>"


def test_secrets_in_json_are_hidden_and_it_stays_json() -> None:
    text = (
        '{"username": [{"name": "admin", "password": {"encryption": "9", "password": "hun\\"ter 2"}}], '
        '"mod:shared-secret" : "cisco", "community": 4711, "passwords-checked": true, "key": "interface"}'
    )
    hidden = json.loads(by_pattern(text))
    assert hidden["username"][0]["password"] == {"encryption": "9", "password": "<redacted>"}
    assert (hidden["mod:shared-secret"], hidden["community"]) == ("<redacted>", "<redacted>")
    assert (hidden["passwords-checked"], hidden["key"]) == (True, "interface")
