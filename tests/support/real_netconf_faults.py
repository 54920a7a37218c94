"""A NETCONF server that does something wrong when it is told to: netconfd, with a program between it and OpenSSH.

The program passes on what both sides say. Once a file orders a fault, the next session that says the word meets it.
"""

import sys
from typing import Final, Literal

from real_machines import Machine

Kind = Literal["drop", "hang", "half", "noise"]
Phase = Literal["before", "after"]
HELLO: Final = "<hello"
ORDER: Final = "/run/netconf-fault"
_PROGRAM: Final = """\
import os, selectors, subprocess, sys
real = subprocess.Popen(
    ["/usr/sbin/netconf-subsystem", "--ncxserver-sockname=PORT@/run/ncxserver.sock"],
    env={**os.environ, "SSH_CONNECTION": "127.0.0.1 1 127.0.0.1 PORT"},  # netconfd asks by which port one came
    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
)
order, said, met = "ORDER", b"", False


def ordered():
    try:
        with open(order) as file:
            return file.read().split()
    except FileNotFoundError:
        return None


def send(data):
    while data:
        data = data[os.write(1, data):]


def act(kind, answer):
    os.unlink(order)
    if kind == "drop":
        real.kill()
        os._exit(0)
    if kind == "noise":
        send(bytes(range(256)) * 4000 + b"]]>]]>")
        return
    if kind == "half":
        send(answer[: len(answer) // 2])
    while os.read(0, 65536):
        pass
    real.kill()
    os._exit(0)


watch = selectors.DefaultSelector()
watch.register(0, selectors.EVENT_READ)
watch.register(real.stdout, selectors.EVENT_READ)
while True:
    for key, _ in watch.select():
        data = os.read(key.fd, 65536)
        if not data:
            real.kill()
            os._exit(0)
        fault = ordered()
        if key.fd == 0:
            said += data
            met = fault is not None and fault[2].encode() in said
            if met and fault[1] == "before":
                act(fault[0], b"")
                continue
            said = said[-200:]
            real.stdin.write(data)
            real.stdin.flush()
        elif fault is not None and (met or (fault[2] == "<hello" and b"<hello" in data)):
            act(fault[0], data)
        else:
            send(data)
"""


def faulty_port(made: Machine) -> int:
    """One more SSH server of a NETCONF device, whose sessions can be told to go wrong."""
    program = made.folder / "netconf-between.py"
    program.write_text(_PROGRAM.replace("ORDER", ORDER).replace("PORT", str(made.port)))
    script = made.folder / "netconf-between"
    script.write_text(f"#!/bin/sh\nexec {sys.executable} -IS {program}\n")
    script.chmod(0o755)
    return made.another_sshd(f"Subsystem netconf {script}")


def order(made: Machine, kind: Kind, word: str, phase: Phase = "after") -> None:
    """Let the next session that says a word go wrong, before it is passed on or with its answer."""
    made.sh(f"echo '{kind} {phase} {word}' > {ORDER}")


def withdraw(made: Machine) -> bool:
    """Take the order back; whether nobody had met it."""
    return made.sh(f"rm {ORDER} 2>&1 && echo left; true") == "left\n"
