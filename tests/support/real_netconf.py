"""yuma123's netconfd as a machine of `real_machines.py` runs it: a NETCONF server with a candidate, behind OpenSSH."""

import os
import re
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from real_machines import Machine, demand, machine

SYSTEM = "urn:ietf:params:xml:ns:yang:ietf-system"
_SUBSYSTEM = """\
#!/bin/sh
set -- $SSH_CONNECTION
exec /usr/sbin/netconf-subsystem --ncxserver-sockname=$4@/run/ncxserver.sock
"""
_NETCONFD = """
mkdir -p /run/netconfd; cd /run/netconfd
export HOME=/run/netconfd HOSTNAME=$(hostname)
setsid netconfd --no-startup --superuser=root --access-control=off --target=candidate \
  --log=/run/netconfd/log --module=ietf-system {options} --ncxserver-sockname=/run/ncxserver.sock --port={port} \
  > /run/netconfd/out 2>&1 < /dev/null &
for try in $(seq 100); do test -S /run/ncxserver.sock && exit 0; sleep 0.05; done
cat /run/netconfd/out; exit 1
"""


@contextmanager
def netconf_device(folder: Path, *options: str) -> Iterator[Machine]:
    """A device that is changed by NETCONF alone; its data model is ietf-system.

    Args:
        folder: For its files; made.
        options: Further ones of netconfd(1).
    """
    demand("sshd", "netconfd")
    script = folder / "netconf-subsystem"
    with machine("n1", folder / "n1", config=[f"Subsystem netconf {script}"]) as made:
        script.write_text(_SUBSYSTEM)
        script.chmod(0o755)
        made.sh(_NETCONFD.format(options=" ".join(options), port=made.port))
        yield made


def system(**leaves: str) -> list[str]:
    """The lines of a change that sets leaves of ``system``."""
    inside = [f"  <{name}>{value}</{name}>" for name, value in leaves.items()]
    return [f'<system xmlns="{SYSTEM}">', *inside, "</system>"]


_BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
_END = b"]]>]]>"
_HELLO = (
    f'<hello xmlns="{_BASE}"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities>'
    "</hello>"
)
_NOTHING = '<get><filter type="subtree"/></get>'
_PATIENCE_S = 10.0


def past_the_library(made: Machine, *operations: str) -> str:
    """Carry operations out in a session of the device's own subsystem program; what it answers to the last one.

    Frames are as NETCONF 1.0 has them (RFC 6242, 4.3), since the hello offers no other version.
    """
    login = [f"SSH_CONNECTION=127.0.0.1 1 127.0.0.1 {made.port}", f"SSH_CLIENT=127.0.0.1 1 {made.port}", "USER=root"]
    program = ["/usr/sbin/netconf-subsystem", f"--ncxserver-sockname={made.port}@/run/ncxserver.sock"]
    with subprocess.Popen(
        made.inside("env", *login, *program), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        heard = _Heard(process.stdout.fileno())
        process.stdin.write(_HELLO.encode() + _END)
        process.stdin.flush()
        heard.until("<hello")
        replies: list[str] = []
        for number, operation in enumerate((*operations, "<close-session/>")):
            for name, sent, within_s in ((number, operation, 0.3), ("nudge", _NOTHING, _PATIENCE_S)):
                process.stdin.write(f'<rpc xmlns="{_BASE}" message-id="{name}">{sent}</rpc>'.encode() + _END)
                process.stdin.flush()
                reply = heard.until(f'message-id="{number}"', within_s)
                if reply:  # netconfd overlooks what arrives together with the hello, until more arrives
                    replies.append(re.sub(r"(?s)^.*?<rpc-reply.*?>", "", reply))
                    break
    assert len(replies) > len(operations), replies
    return replies[-2]


@dataclass
class _Heard:
    """What a session says, message by message."""

    file: int
    rest: bytes = b""

    def until(self, words: str, within_s: float = _PATIENCE_S) -> str:
        """The next message with some words in it; empty where none comes in time."""
        ends = time.monotonic() + within_s
        while True:
            message, end, rest = self.rest.partition(_END)
            if end:
                self.rest = rest
                if words.encode() in message:
                    return message.decode()
                continue
            left = ends - time.monotonic()
            if left <= 0 or not select.select([self.file], [], [], left)[0]:
                assert within_s < _PATIENCE_S, f"the device never said {words!r}"
                return ""
            data = os.read(self.file, 65_536)
            if not data:
                return self.rest.decode()
            self.rest += data
