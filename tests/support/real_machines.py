"""Machines with real network software: namespaces of their own, an OpenSSH server of their own, gone with one signal.

A machine is a process in new PID, mount, network, host name and IPC namespaces, with a copy of ``/etc`` and fresh
``/run`` and ``/var``: daemons find what they expect at the places of their Debian packages, and nothing of the real
machine is touched. Its SSH server alone listens outside, on a loopback address; a shell of root's is
inside again. Killing the first process ends all.
Needs root and Debian's packages: elsewhere the tests are skipped and say why, and in CI they fail.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from activities.deviceinteraction.model import Credential, HostKeys, HostName, Proxy, Target

PASSWORD = "real-lab-password"
PACKAGES = {
    "sshd": "openssh-server",
    "vtysh": "frr",
    "birdc": "bird2",
    "ovs-vsctl": "openvswitch-switch",
    "ip": "iproute2",
    "netconfd": "netconfd",
}
_SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin"
_PATIENCE_S = 10.0

_FIRST = """
set -e
mount --make-rprivate /
cp -a /etc "$1/etc"; mount --bind "$1/etc" /etc
for place in /run /var/log /var/tmp /var/lib/openvswitch /var/lib/frr; do
  test ! -d $place || mount -t tmpfs tmpfs $place
done
mkdir -p "$1/netsaga" /var/lib/netsaga; mount --bind "$1/netsaga" /var/lib/netsaga
mkdir -p /run/sshd /run/lock
hostname "$2"; ip link set lo up
mkdir /run/home; sed -i 's,:/root:.*,:/run/home:/run/inside,' /etc/passwd
printf '#!/bin/sh\nexec nsenter --net=/proc/1/ns/net /bin/bash "$@"\n' > /run/inside; chmod 755 /run/inside
useradd --no-create-home --home-dir /run/home --shell /bin/bash ops
for user in root ops; do echo "$user:$3"; done | chpasswd
nsenter --net=/proc/self/fd/$4 /usr/sbin/sshd -f "$1/sshd_config" -E "$1/sshd.log"
touch "$1/ready"
while :; do sleep 3600 & wait $!; done
"""


def demand(*programs: str) -> None:
    """Skip the calling test where a program, or the right to make namespaces, is missing; in CI fail instead."""
    missing = sorted({PACKAGES[name] for name in programs if shutil.which(name, path=_SEARCHED) is None})
    if missing:
        _leave(f"needs Debian's {', '.join(missing)} ('sudo make test-packages')")
    if os.geteuid() != 0:
        _leave("needs root, to make namespaces")
    probe = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], capture_output=True, check=False)
    if probe.returncode:
        _leave(f"namespaces cannot be made here: {probe.stderr.decode().strip()}")


def _leave(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"tests of real devices must run in CI: {reason}")
    pytest.skip(reason)


@dataclass
class Machine:
    """A machine that runs. ``pid`` is its first process, as seen from outside."""

    name: str
    folder: Path
    address: str
    port: int
    pid: int = 0
    host_key: str = ""
    config: list[str] = field(default_factory=list)

    def inside(self, *argv: str) -> list[str]:
        """The command that runs a command inside."""
        namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--wd=/"]
        return ["nsenter", f"--target={self.pid}", *namespaces, "env", f"PATH={_SEARCHED}", *argv]

    def run(self, *argv: str, stdin: str = "", check: bool = True) -> str:
        """A command inside; what it wrote, errors included."""
        ended = subprocess.run(
            self.inside(*argv),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
            check=False,
        )
        assert not check or ended.returncode == 0, f"{self.name}: {argv} ended with {ended.returncode}: {ended.stdout}"
        return ended.stdout

    def sh(self, script: str, *, check: bool = True) -> str:
        """A script inside."""
        return self.run("sh", "-c", script, check=check)

    def write(self, path: str, text: str, owner: str = "root:root", mode: str = "0640") -> None:
        """A file inside."""
        self.run("sh", "-c", 'cat > "$1" && chown "$2" "$1" && chmod "$3" "$1"', "-", path, owner, mode, stdin=text)

    def target(self, platform: str, user: str = "root", *, port: int = 0, proxy: Proxy | None = None) -> Target:
        """How the device library reaches it."""
        credential = Credential(user, SecretStr(PASSWORD))
        return Target(HostName(self.name), self.address, platform, credential, port or self.port, proxy)

    def another_sshd(self, *config: str) -> int:
        """One more SSH server, with these lines of sshd_config(5) first; returns its port."""
        port = _free_port()
        file = self.folder / f"sshd_config-{port}"
        log = self.folder / f"sshd-{port}.log"
        lines = _sshd_config(replace(self, port=port, config=[*config]), self.folder / "host_key")
        file.write_text("\n".join(line for line in lines if not line.startswith("PidFile")) + "\nPidFile none\n")
        outside = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--uts", "--ipc", "--wd=/"]
        subprocess.run([*outside, "/usr/sbin/sshd", "-f", str(file), "-E", str(log)], check=True, timeout=30)
        ends = time.monotonic() + _PATIENCE_S
        while not _answers(replace(self, port=port)):
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.02)
        return port

    def known_hosts(self, *others: "Machine", ports: Sequence[int] = ()) -> HostKeys:
        """Its host key, and those of others, for the library to verify."""
        entries = [(machine.address, machine.port, machine.host_key) for machine in (self, *others)]
        entries += [(self.address, port, self.host_key) for port in ports]
        path = self.folder / f"known-{len(others)}-{'-'.join(map(str, ports))}"
        path.write_text("".join(f"[{address}]:{port} {key}\n" for address, port, key in entries))
        return HostKeys("verify", str(path))

    def sshd_log(self, port: int = 0) -> str:
        """What its SSH server wrote, or the other one on a port."""
        return (self.folder / (f"sshd-{port}.log" if port else "sshd.log")).read_text()


@contextmanager
def machine(name: str, folder: Path, *, config: Sequence[str] = ()) -> Iterator[Machine]:
    """A machine that answers SSH.

    Args:
        name: Its host name.
        folder: For its files; made.
        config: Lines of sshd_config(5) that go before the usual ones, and so before what they say.
    """
    folder.mkdir(parents=True)
    made = Machine(name, folder, "127.0.0.1", _free_port(), config=list(config))
    key = folder / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    made.host_key = key.with_suffix(".pub").read_text().strip()
    (folder / "sshd_config").write_text("\n".join(_sshd_config(made, key)) + "\n")
    outer = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc",
             "sh", "-c", _FIRST, "-", str(folder), name, PASSWORD, str(outer)],
            pass_fds=(outer,), stdin=subprocess.DEVNULL, stdout=(folder / "first.log").open("wb"),
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    finally:
        os.close(outer)
    try:
        _wait(lambda: (folder / "ready").exists() and _answers(made), process, folder)
        made.pid = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        yield made
    finally:
        if made.pid:
            os.kill(made.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait(timeout=10)


def link(one: Machine, its_name: str, other: Machine, others_name: str) -> None:
    """A cable between two machines; it goes with either of them."""
    peer = ["peer", "name", others_name, "netns", str(other.pid)]
    subprocess.run(["ip", "link", "add", its_name, "netns", str(one.pid), "type", "veth", *peer], check=True)
    one.run("ip", "link", "set", its_name, "up")
    other.run("ip", "link", "set", others_name, "up")


def _sshd_config(made: Machine, key: Path) -> list[str]:
    return [
        *made.config,
        f"ListenAddress {made.address}:{made.port}",
        f"HostKey {key}",
        f"PidFile {made.folder}/sshd.pid",
        "AuthorizedKeysFile /etc/ssh/authorized_keys",
        "PermitRootLogin yes",
        "PasswordAuthentication yes",
        "KbdInteractiveAuthentication no",
        "UsePAM no",
        "UseDNS no",
        "StrictModes no",
        "PrintMotd no",
        "PrintLastLog no",
        "LogLevel VERBOSE",
    ]


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _answers(made: Machine) -> bool:
    try:
        with socket.create_connection((made.address, made.port), timeout=1) as sock:
            return sock.recv(4) == b"SSH-"
    except OSError:
        return False


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], folder: Path) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while not ready():
        said = (folder / "first.log").read_text()
        assert process.poll() is None, f"the machine did not start: {said}"
        assert time.monotonic() < ends, f"the machine did not come up in {_PATIENCE_S:g} s: {said}"
        time.sleep(0.02)
