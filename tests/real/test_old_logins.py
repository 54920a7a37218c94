"""What old devices have, for real: OpenSSH with SHA-1, CBC and `ssh-rsa` alone; a Telnet line with a password."""

import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from activities.deviceinteraction.failures import Permanent, Unreachable
from activities.deviceinteraction.model import Credential, HostKeys, Target
from activities.deviceinteraction.session import open_session
from activities.deviceinteraction.transcript import Transcript
from devicelab import LIMITS
from real_machines import Machine

pytestmark = pytest.mark.filterwarnings("ignore:Diffie-Hellman")

PASSWORD, ENABLE = "old-line-password", "old-enable-password"
RIPD = f"hostname old-1\npassword {PASSWORD}\nenable password {ENABLE}\n"


def rsa_key(folder: Path) -> Path:
    key = folder / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(key)], check=True, timeout=60)
    return key


def known(folder: Path, router: Machine, port: int, key: Path) -> HostKeys:
    file = folder / "known"
    file.write_text(f"[{router.address}]:{port} {key.with_suffix('.pub').read_text()}")
    return HostKeys("verify", str(file))


def telnet_line(router: Machine) -> int:
    """The port of one of FRR's daemons that takes logins by Telnet, on loopback and outside of the router's network.

    It speaks to nobody else: the others of the router are not told of it. It ends with the router.
    """
    router.write("/run/ripd.conf", RIPD, owner="frr:frr")
    router.sh("mkdir -p /run/line && chown frr:frr /run/line")
    with socket.socket() as sock:
        sock.bind((router.address, 0))
        port = int(sock.getsockname()[1])
    inside = ["nsenter", f"--target={router.pid}", "--mount", "--pid", "--uts", "--ipc", "--wd=/"]
    daemon = ["/usr/lib/frr/ripd", "-d", "-u", "frr", "-g", "frr", "-f", "/run/ripd.conf", "-i", "/run/line/ripd.pid"]
    alone = ["-z", "/run/line/nobody", "--vty_socket", "/run/line", "-A", router.address, "-P", str(port)]
    subprocess.run([*inside, *daemon, *alone], check=True, timeout=30, capture_output=True)
    return port


async def prompt(target: Target, host_keys: HostKeys, transcript: Transcript | None = None) -> str:
    """Who it was that answered."""
    async with open_session(target, host_keys=host_keys, timeouts=LIMITS, transcript=transcript) as session:
        assert "FRR" in await session.show("show version")
        return session.transport.prompt


async def test_openssh_with_old_algorithms_alone_needs_the_device_to_say_so(row: list[Machine], tmp_path: Path) -> None:
    router, key = row[0], rsa_key(tmp_path)
    port = router.another_sshd(
        f"HostKey {key}",
        "HostKeyAlgorithms ssh-rsa",
        "KexAlgorithms diffie-hellman-group14-sha1",
        "Ciphers aes128-cbc",
        "MACs hmac-sha1",
    )
    keys, target = known(tmp_path, router, port, key), router.target("frr", "ops", port=port)
    # OpenSSH hangs up as soon as it sees that nothing is common, now and then before its own offer has been read.
    with pytest.raises((Permanent, Unreachable), match=r"`data\.ssh_algorithms: legacy`"):
        await prompt(target, keys)
    assert await prompt(replace(target, algorithms="legacy"), keys) == "r1#"


async def test_an_old_kind_of_host_key_alone_ends_the_login_and_the_setting_is_named(
    row: list[Machine], tmp_path: Path
) -> None:
    key = rsa_key(tmp_path)
    port = row[0].another_sshd(f"HostKey {key}", "HostKeyAlgorithms ssh-rsa")
    keys, target = known(tmp_path, row[0], port, key), row[0].target("frr", "ops", port=port)
    with pytest.raises(Unreachable, match=r"another kind of host key.*`data\.ssh_algorithms: legacy`"):
        await prompt(target, keys)
    assert await prompt(replace(target, algorithms="legacy"), keys) == "r1#"


async def test_a_telnet_line_that_asks_for_a_password_alone_is_entered_and_enabled(row: list[Machine]) -> None:
    port = telnet_line(row[0])
    credential = Credential("nobody", SecretStr(PASSWORD), SecretStr(ENABLE))
    target = replace(row[0].target("frr", port=port), transport="telnet", credential=credential)
    transcript = Transcript()
    assert await prompt(target, HostKeys(), transcript) == "old-1#"
    assert PASSWORD not in transcript.text()
    assert ENABLE not in transcript.text()
    wrong = replace(credential, password=SecretStr("wrong-password"))
    with pytest.raises(Permanent, match="was refused"):
        await prompt(replace(target, credential=wrong), HostKeys())
