"""By which way a device is reached: its inventory asks, and the worker's settings allow."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue, SecretStr

from activities.deviceinteraction.failures import DeviceFailure, InvalidInput, Permanent
from activities.deviceinteraction.model import Credential, Target, Tls
from activities.secrets.store import Access, NamedSecrets, SecretError
from activities.targets import ProxyAt, Ways, target_of
from workflows.contracts import Device
from workflows.plan import HostName

RW, JUMP = Credential("netsaga", SecretStr("hunter2")), Credential("jumper", SecretStr("hunter3"))


class _Known:
    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def load(self) -> Credential:
        return self._credential

    async def access(self) -> Access:
        raise AssertionError("a device is no system")


SECRETS = NamedSecrets({"rw": _Known(RW), "jump": _Known(JUMP)})
WAYS = Ways({"edge": ProxyAt("192.0.2.1", "jump", 2022)})


async def target(ways: Ways = WAYS, port: int = 22, **data: JsonValue) -> Target:
    return await target_having(data, ways, port)


async def target_having(data: Mapping[str, JsonValue], ways: Ways = WAYS, port: int = 22) -> Target:
    device = Device(name=HostName("sw1"), platform="cisco_iosxe", address="192.0.2.11", port=port, data=data)
    return await target_of(device, "rw", ways, SECRETS)


async def test_a_device_that_says_nothing_is_reached_by_ssh_with_modern_algorithms() -> None:
    found = await target()
    assert (found.port, found.transport, found.algorithms, found.proxy) == (22, "ssh", "modern", None)
    assert found.credential == RW


async def test_telnet_needs_the_device_and_the_settings_to_say_so() -> None:
    with pytest.raises(Permanent, match=r"clear text.*`telnet: allow` in the settings"):
        await target(transport="telnet")
    allowed = Ways(telnet="allow")
    assert (await target(allowed)).transport == "ssh"
    assert (await target(allowed, transport="telnet")).port == 23
    assert (await target(allowed, port=2023, transport="telnet")).port == 2023


async def test_old_algorithms_are_for_the_device_that_asks_for_them() -> None:
    assert (await target(ssh_algorithms="legacy")).algorithms == "legacy"


async def test_an_api_is_reached_by_https_and_proven_by_who_the_settings_or_the_device_say() -> None:
    ways = Ways(ca=Path("/ca.pem"), authorities={"branch": Path("/branch.pem")})
    found = await target(transport="eapi")
    assert (found.transport, found.port, found.tls) == ("eapi", 443, Tls())
    assert (await target(ways, port=8443, transport="nxapi")).port == 8443
    assert (await target(ways, transport="nxapi")).tls == Tls(ca="/ca.pem")
    assert (await target(ways, transport="eapi", tls_ca="branch")).tls == Tls(ca="/branch.pem")
    shown = ":".join(["AB"] * 32)
    for written in (shown, f"sha256:{'ab' * 32}"):
        assert (await target(ways, tls_fingerprint=written)).tls == Tls(fingerprint="ab" * 32)


async def test_a_restconf_device_is_reached_by_https_and_may_name_its_configuration() -> None:
    device = Device(name=HostName("sw1"), platform="restconf", address="192.0.2.11", data={"restconf_root": "mod:top"})
    found = await target_of(device, "rw", WAYS, SECRETS)
    assert (found.port, found.root) == (443, "mod:top")


async def test_a_jump_host_comes_with_its_own_credential() -> None:
    proxy = (await target(proxy="edge")).proxy
    assert proxy is not None
    assert (proxy.name, proxy.address, proxy.port, proxy.credential) == ("edge", "192.0.2.1", 2022, JUMP)


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ({"transport": "telent"}, InvalidInput, "`data.transport` is 'telent'.*did you mean `telnet`"),
        ({"transport": True}, InvalidInput, "`data.transport` is True"),
        ({"ssh_algorithms": "old"}, InvalidInput, "`legacy`, `modern`"),
        ({"tls_ca": "brunch"}, InvalidInput, "not among the worker's `tls.authorities`"),
        ({"tls_fingerprint": "ab:cd"}, InvalidInput, "expected the SHA-256"),
        ({"proxy": "egde"}, SecretError, "not among the worker's `ssh.proxies`; did you mean `edge`"),
    ],
)
async def test_what_there_is_not_is_said_with_what_there_is(
    data: dict[str, JsonValue], error: type[DeviceFailure | SecretError], said: str
) -> None:
    with pytest.raises(error, match=said):
        await target_having(data)
