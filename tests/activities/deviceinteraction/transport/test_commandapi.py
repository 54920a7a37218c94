"""Commands over HTTPS, eAPI and NX-API: who is let in, what a failure is called, what is sent together, what is not."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest
import pytest_asyncio
from pydantic import SecretStr

from activities.deviceinteraction.failures import (
    CheckFailed,
    DeviceFailure,
    InvalidInput,
    OutcomeUnknown,
    PartiallyApplied,
    Permanent,
    RejectedByDevice,
    Unreachable,
)
from activities.deviceinteraction.model import Credential, HostKeys, HostName, Proxy, Timeouts, Tls
from activities.deviceinteraction.testbed import DeviceSpec, Fault, Testbed
from activities.deviceinteraction.testbed.model import ApiName
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport import LinkFailed
from activities.deviceinteraction.transport.pool import Pool
from contract_apis import OURS, api_testbed, over_https
from devicelab import LIMITS, NAMES, NEW_VLAN, OTHER_VLAN, Lab, MemoryJournal, lab_in
from hand_clock import HandClock

pytestmark = pytest.mark.asyncio(loop_scope="module")
# For what never answers; all else has time.
SILENT = Timeouts(connect=timedelta(seconds=10), command=timedelta(seconds=2), commit=timedelta(seconds=2))
HASTY = Timeouts(connect=timedelta(seconds=1))
APIS: tuple[ApiName, ...] = ("eapi", "nxapi", "restconf")
COMMANDS: tuple[ApiName, ...] = ("eapi", "nxapi")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[ApiName, Lab]]:
    async with api_testbed(tmp_path_factory.mktemp("apis"), HandClock()) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def labs(fleet: Mapping[ApiName, Lab]) -> Mapping[ApiName, Lab]:
    """The devices as they were delivered, their logs empty."""
    for lab in fleet.values():
        async with asyncio.timeout(5):
            while lab.device.live_sessions:  # of the test before
                await asyncio.sleep(0.01)
        lab.device.reset()
        lab.device.log_path.write_text("", encoding="utf-8")
    return fleet


def logged(lab: Lab, event: str) -> int:
    return sum(entry.get("event") == event for entry in lab.log()) + sum(
        entry.get("event") == event for entry in lab.device.log() if entry["session"] == 0
    )


# ------------------------------------------------------------------------------------------------ who is let in


@pytest.mark.parametrize("api", APIS)
async def test_a_wrong_password_is_tried_once(labs: Mapping[ApiName, Lab], api: ApiName) -> None:
    lab = labs[api].with_password("another-password")
    with pytest.raises(Permanent, match="Check the credential") as refused:
        async with lab.session():
            raise AssertionError("nobody is let in")
    assert "another-password" not in refused.value.message
    assert (logged(lab, "login_refused"), logged(lab, "login")) == (1, 0)


@pytest.mark.parametrize("api", APIS)
async def test_a_device_that_nobody_vouches_for_is_told_nothing(labs: Mapping[ApiName, Lab], api: ApiName) -> None:
    lab = replace(labs[api], target=replace(labs[api].target, tls=Tls()))
    with pytest.raises(Permanent, match=r"not trusted.*`tls.ca`"):
        async with lab.session():
            raise AssertionError("nobody is let in")
    assert lab.device.log() == []


def pinned(lab: Lab, fingerprint: str) -> Lab:
    return replace(lab, target=replace(lab.target, tls=Tls(fingerprint=fingerprint)))


def fingerprint(lab: Lab) -> str:
    own = (lab.testbed.state / "api.pem").read_text().partition("-----BEGIN CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(own[1] + own[2])).hexdigest()


async def test_a_certificate_for_another_name_is_not_enough_and_says_so(labs: Mapping[ApiName, Lab]) -> None:
    target = replace(labs["eapi"].target, address="localhost")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=shown_by(labs["eapi"]))
    async with server:
        there = replace(target, port=server.sockets[0].getsockname()[1])
        with pytest.raises(Permanent, match=r"is for another name.*`address`"):
            async with replace(labs["eapi"], target=there).session():
                raise AssertionError("nobody is let in")


def shown_by(lab: Lab) -> ssl.SSLContext:
    """The certificate of the testbed's devices, for a server of a test's own."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(lab.testbed.state / "api.pem")
    return context


async def test_a_pinned_certificate_needs_no_authority(labs: Mapping[ApiName, Lab]) -> None:
    async with pinned(labs["eapi"], fingerprint(labs["eapi"])).session() as session:
        assert (await session.facts()).hostname == labs["eapi"].device.name


async def test_another_certificate_than_the_pinned_one_is_told_nothing(labs: Mapping[ApiName, Lab]) -> None:
    with pytest.raises(Permanent, match="shows a certificate with the SHA-256"):
        async with pinned(labs["eapi"], "0" * 64).session():
            raise AssertionError("nobody is let in")
    assert labs["eapi"].device.log() == []


async def test_authorities_that_cannot_be_read_are_named(labs: Mapping[ApiName, Lab], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "nothing.pem"):
        lab = replace(labs["eapi"], target=replace(labs["eapi"].target, tls=Tls(ca=str(tmp_path / name))))
        with pytest.raises(Permanent, match=f"{name} cannot be read"):
            async with lab.session():
                raise AssertionError("nobody is let in")


async def test_without_a_password_there_is_no_login(labs: Mapping[ApiName, Lab]) -> None:
    target = replace(labs["eapi"].target, credential=Credential("netsaga"))
    with pytest.raises(Permanent, match="the credential has no password"):
        async with replace(labs["eapi"], target=target).session():
            raise AssertionError("nobody is let in")


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        *((api, kind) for api in APIS for kind in ("refuse_connection", "hang_login")),
        *((api, "garbage") for api in COMMANDS),
    ],
)
async def test_a_login_that_comes_to_nothing_is_unreachable(
    labs: Mapping[ApiName, Lab], api: ApiName, kind: str
) -> None:
    lab = labs[api]
    lab.device.inject(Fault.model_validate({"kind": kind, "times": 0}))
    with pytest.raises(Unreachable) as failed:
        async with lab.session(timeouts=HASTY):
            raise AssertionError("nobody is let in")
    assert not failed.value.touched


async def test_an_api_that_is_not_there_is_said_to_be_missing(labs: Mapping[ApiName, Lab]) -> None:
    nowhere = labs["eapi"].target
    there = replace(nowhere, address=labs["nxapi"].device.address)
    with pytest.raises(Permanent, match="offers no eAPI"):
        async with replace(labs["eapi"], target=there).session():
            raise AssertionError("nobody is let in")
    there = replace(labs["restconf"].target, address=labs["nxapi"].device.address)
    with pytest.raises(Permanent, match="does not say where RESTCONF is"):
        async with replace(labs["restconf"], target=there).session():
            raise AssertionError("nobody is let in")
    with pytest.raises(Permanent, match="an API of the platform arista_eos"):
        async with replace(labs["nxapi"], target=replace(labs["nxapi"].target, transport="eapi")).session():
            raise AssertionError("nobody is let in")


async def test_a_wrong_enable_secret_is_refused(labs: Mapping[ApiName, Lab], tmp_path: Path) -> None:
    spec = DeviceSpec(name="acc-009", platform="arista_eos", number=9, api="eapi", login_privilege=1)
    async with Testbed.start(state=tmp_path, devices=[spec]) as testbed:
        lab = over_https(lab_in(testbed, "acc-009"))
        async with lab.session() as session:
            assert (await session.snapshot(["config"])).config
        credential = replace(lab.target.credential, enable_secret=SecretStr("another-secret"))
        with pytest.raises(Permanent, match="enable was refused") as refused:
            async with replace(lab, target=replace(lab.target, credential=credential)).session():
                raise AssertionError("nobody is let in")
        assert "another-secret" not in refused.value.message + lab.device.log_path.read_text()


async def test_through_a_jump_host_the_device_proves_itself(labs: Mapping[ApiName, Lab]) -> None:
    asked: list[tuple[str, int]] = []

    class Jump(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("jumper", "jump-password")

        def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
            asked.append((dest_host, dest_port))
            return True

    key = asyncssh.generate_private_key("ssh-ed25519")
    async with await asyncssh.listen("127.0.0.1", 0, server_factory=Jump, server_host_keys=[key]) as server:
        proxy = Proxy(
            HostName("jump-1"), "127.0.0.1", Credential("jumper", SecretStr("jump-password")), server.get_port()
        )
        lab = labs["eapi"]
        for there in (lab, pinned(lab, fingerprint(lab))):
            target = replace(there.target, proxy=proxy)
            async with replace(there, target=target, host_keys=HostKeys("accept_any")).session() as session:
                assert (await session.facts()).hostname == lab.device.name
        assert set(asked) == {(lab.device.address, lab.device.api_port)}


# ------------------------------------------------------------------------------------------- what a failure is


@pytest.mark.parametrize("kind", ["hang", "drop", "garbage"])
@pytest.mark.parametrize("api", APIS)
async def test_an_answer_that_does_not_come_whole_ends_the_session(
    labs: Mapping[ApiName, Lab], api: ApiName, kind: str
) -> None:
    lab = labs[api]
    match = "show running" if api != "restconf" else "data/Cisco"
    async with lab.session(timeouts=SILENT if kind == "hang" else LIMITS) as session:
        lab.device.inject(Fault.model_validate({"kind": kind, "match": match}))
        with pytest.raises(LinkFailed) as failed:
            await session.snapshot(["config"])
        assert not failed.value.touched
        assert not session.transport.is_alive()
        with pytest.raises(LinkFailed, match="takes no more"):
            await session.snapshot(["config"])


@pytest.mark.parametrize(("kind", "phase"), [("drop", "before"), ("drop", "after"), ("hang", "after")])
@pytest.mark.parametrize("api", APIS)
async def test_a_commit_without_an_answer_is_looked_at_and_made_once(
    labs: Mapping[ApiName, Lab], api: ApiName, kind: str, phase: str
) -> None:
    lab, journal = labs[api], MemoryJournal()
    lines = (OURS,) if api == "restconf" else NEW_VLAN[lab.platform]
    committing = {"eapi": "^configure session .* commit$", "nxapi": "^name lab$", "restconf": "^PATCH"}[api]
    async with lab.session() as session:
        change = await session.propose(lines, NAMES)
    lab.device.inject(Fault.model_validate({"kind": kind, "match": committing, "phase": phase}))
    with pytest.raises(OutcomeUnknown) as failed:
        async with lab.session(timeouts=SILENT if kind == "hang" else LIMITS) as session:
            await session.apply(change, NAMES, journal, save=False)
    assert failed.value.touched
    async with lab.session() as session:
        assert (await session.apply(change, NAMES, journal.survived(), save=False)).changed
    assert lab.has(120, "lab")
    effects = lab.effects()
    assert len(effects) == len(set(effects)), "an effect was made twice"


async def made(lab: Lab, lines: Sequence[str], journal: MemoryJournal) -> None:
    async with lab.session() as session:
        await session.apply(await session.propose(lines, NAMES), NAMES, journal, save=False)


async def test_a_line_that_is_refused_stops_the_lines_behind_it(labs: Mapping[ApiName, Lab]) -> None:
    for api, failure in (("eapi", RejectedByDevice), ("nxapi", PartiallyApplied)):
        lab, journal = labs[api], MemoryJournal()  # type: ignore[index]  # of the two names above
        before = lab.device.running_config()
        lines = (*NEW_VLAN[lab.platform], "vlan 4095", *OTHER_VLAN[lab.platform])
        with pytest.raises(DeviceFailure) as refused:
            await made(lab, lines, journal)
        assert type(refused.value) is failure
        assert "vlan 4095" in refused.value.message
        assert not any(entry.get("line", "").endswith("theirs") for entry in lab.log())
        async with lab.session() as session:
            await session.undo(NAMES, journal, methods=["native"])
        assert lab.device.running_config() == before


# ---------------------------------------------------------------------------------- questions, files, restarts


async def test_eapi_answers_what_is_declared_and_nothing_else(labs: Mapping[ApiName, Lab]) -> None:
    lab = labs["eapi"]
    async with lab.session() as session:
        assert "there is no input for it" in await session.exchange("reload", [], MemoryJournal())
        said = await session.exchange("reload", [(r"proceed with reload\? \[confirm\]", "n")], MemoryJournal())
    assert said.startswith("Proceed with reload? [confirm]")
    assert logged(lab, "rebooted") == 0


async def test_nxapi_sends_nothing_that_asks_back(labs: Mapping[ApiName, Lab]) -> None:
    lab = labs["nxapi"]
    async with lab.session() as session:
        with pytest.raises(Permanent, match=r"'reload' asks back.*by SSH"):
            await session.reboot(MemoryJournal(), timedelta(seconds=5))
        with pytest.raises(Permanent, match="'clear counters' asks back"):
            await session.exchange("clear counters", [("sure", "y")], MemoryJournal())
    assert not any("reload" in entry.get("line", "") for entry in lab.log())


async def test_a_restart_over_eapi_is_waited_for(labs: Mapping[ApiName, Lab]) -> None:
    lab, journal = labs["eapi"], MemoryJournal()
    async with lab.session() as session:
        await session.reboot(journal, timedelta(seconds=10))
        assert (await session.facts()).hostname == lab.device.name
    assert logged(lab, "rebooted") == 1
    async with lab.session() as session:
        await session.reboot(journal.survived(), timedelta(seconds=10))
    assert logged(lab, "rebooted") == 1


@pytest.mark.parametrize("api", COMMANDS)
async def test_a_file_is_not_sent_over_an_api(labs: Mapping[ApiName, Lab], api: ApiName, tmp_path: Path) -> None:
    lab, source = labs[api], tmp_path / "image.bin"
    source.write_bytes(b"x" * 100)
    to = {"eapi": "flash:image.bin", "nxapi": "bootflash:image.bin"}[api]
    with pytest.raises(Permanent, match="files are copied by SSH"):
        async with lab.session() as session:
            await session.copy(source, to, None, MemoryJournal())
    assert not lab.device.files()


# ------------------------------------------------------------------------------------------------ the session


@pytest.mark.parametrize("api", APIS)
async def test_a_link_is_used_again_by_the_next_step(labs: Mapping[ApiName, Lab], api: ApiName) -> None:
    lab, pool = labs[api], Pool(timedelta(seconds=30))
    for _ in range(2):
        async with lab.session(pool=pool) as session:
            assert (await session.snapshot(["config"])).config
    assert logged(lab, "login") == 1
    await pool.close()


async def test_a_new_hostname_is_learned(labs: Mapping[ApiName, Lab]) -> None:
    for api in COMMANDS:
        lab = labs[api]
        async with lab.session() as session:
            change = await session.propose(["hostname other-1"], NAMES)
            await session.apply(change, NAMES, MemoryJournal(), save=False)
            assert (await session.facts()).hostname == "other-1"


async def test_the_transcript_holds_what_was_said_and_no_secret(labs: Mapping[ApiName, Lab]) -> None:
    lab, transcript = labs["eapi"], Transcript()
    async with lab.session(transcript=transcript) as session:
        await session.propose(NEW_VLAN[lab.platform], NAMES)
        with pytest.raises(InvalidInput):
            await session.show("configure terminal")
        with pytest.raises((RejectedByDevice, CheckFailed)):
            await session.show("show frobnication")
    text = transcript.text()
    assert "over eapi" in text
    assert f"{lab.device.name}(config-s-netsag)#" in text
    assert "> name lab" in text
    assert "netsaga-lab" not in text
    assert "netsaga-enable" not in text
