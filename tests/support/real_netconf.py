"""yuma123's netconfd as a machine of `real_machines.py` runs it: a NETCONF server with a candidate, behind OpenSSH."""

from collections.abc import Iterator
from contextlib import contextmanager
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
HOME=/run/netconfd setsid netconfd --no-startup --superuser=root --access-control=off --target=candidate \
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
