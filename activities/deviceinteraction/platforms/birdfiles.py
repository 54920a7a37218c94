"""What netsaga keeps beside BIRD's configuration, and how it is told from there which file BIRD runs.

BIRD does not say which file it has loaded. So what netsaga loads is a small file of its own that includes the real one
and defines a constant named after the change, which ``birdc show symbols`` shows for as long as that file runs: with
its value until when the undo timer runs (seconds since 1970, 0 without a timer). Where no such constant is known, BIRD
runs what netsaga copied at just that load, or else its own file, if that is not younger than the load.

Beside ``bird.conf``, for a change ``netsaga-0123456789ab``: ``….new`` what is asked for, ``….old`` what ran before,
``….loaded`` when that was loaded, ``….load`` and ``….reload`` the files that BIRD is told to load, ``….confirmed``.
"""

import re
import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import Names
from activities.deviceinteraction.platforms.dialogue import Dialogue

KEPT: Final = 5
# BIRD reckons a time anew whenever it tells it, and may be out by a millisecond. Between two loads with a copy between
# them there are two commands over SSH, which take longer than this.
JITTER: Final = timedelta(milliseconds=2)
_MARK = re.compile(r"^netsaga_(?P<token>[0-9a-f]{11}[0-9a-fu])(?P<old>_old)?$")
_FIELD = re.compile(r"^(?P<name>\w+)=(?P<value>.*)$", re.MULTILINE)
# One look at all that says what runs. The file's name stands in the daemon's arguments, or is Debian's.
_LOOK = r"""
set -- $(pgrep -x bird); echo daemons=$#; [ $# = 1 ] || exit 0
main=/etc/bird/bird.conf; socket=
next=; for word in $(tr '\0' ' ' < /proc/$1/cmdline); do
  case $next in -c) main=$word;; -s) socket=$word;; esac; next=$word
done
echo main=$main; echo socket=$socket
birdc ${socket:+-s $socket} show symbols | sed -n 's/^\(netsaga_[0-9a-z_]*\)[[:space:]].*/mark=\1/p'
birdc ${socket:+-s $socket} show status |
  sed -n 's/^Last reconfiguration on /loaded=/p; s/^BIRD \([0-9.]*\)$/version=\1/p'
echo changed=$(stat -c %.3Y "$main"); echo now=$(date +%s)
"""


@dataclass(frozen=True, slots=True)
class Bird:
    """A BIRD daemon as one look found it."""

    host: str
    main: str  # its own configuration file
    socket: str
    version: str
    loaded: str  # when what runs was loaded, as BIRD writes it
    mark: str | None  # the constant of ours that what runs defines
    changed_s: float  # when the file was last written, seconds since 1970
    now_s: int

    def file(self, names: Names, kind: str) -> str:
        """Where something of a change is kept."""
        return f"{self.main.rpartition('/')[0]}/{names.tag}.{kind}"

    def birdc(self, command: str) -> str:
        """A command of BIRD's for the shell."""
        return shlex.join(["birdc", *(["-s", self.socket] if self.socket else []), command])

    def runs(self, names: Names, *, old: bool = False) -> bool:
        """Whether what runs is what the change loaded, or what it went back to."""
        return self.mark == mark(names, old=old)

    @property
    def token(self) -> str | None:
        """The change whose file runs, whichever of its files."""
        found = None if self.mark is None else _MARK.match(self.mark)
        return None if found is None else found["token"]


def mark(names: Names, *, old: bool = False) -> str:
    """The constant that a file of ours defines."""
    return f"netsaga_{names.token}{'_old' if old else ''}"


async def look(device: Dialogue) -> Bird:
    """See which file BIRD runs.

    Raises:
        CheckFailed: No daemon runs, several do, or it does not answer us.
    """
    ended = await device.command(_LOOK)
    said = {match["name"]: match["value"] for match in _FIELD.finditer(ended.output)}
    if said.get("daemons") != "1":
        raise CheckFailed(
            f"{device.host}: {said.get('daemons', 'no')} BIRD daemons run there, where one is expected. Start it, or "
            "give each daemon a machine, a container or a namespace of its own."
        )
    if not said.get("loaded") or not said.get("changed"):
        words = " ".join(ended.errors.split())
        raise CheckFailed(
            f"{device.host}: BIRD does not say what it runs: {words or 'birdc gave no status'}. The user needs its "
            "control socket and its configuration file: root, sudo, or the group of BIRD."
        )
    return Bird(
        host=device.host,
        main=said["main"],
        socket=said["socket"],
        version=said.get("version", ""),
        loaded=said["loaded"],
        mark=said.get("mark"),
        changed_s=float(said["changed"]),
        now_s=int(said["now"]),
    )


async def running_text(device: Dialogue, bird: Bird) -> str:
    """The text of the file that BIRD runs.

    Raises:
        CheckFailed: It cannot be told, or cannot be read.
    """
    return await _read(device, await _running_file(device, bird))


async def until(device: Dialogue, bird: Bird) -> int:
    """Until when the undo timer of the file that runs was started; 0 where it has none, seconds since 1970."""
    if bird.mark is None:
        return 0
    ended = await device.command(bird.birdc(f"eval {bird.mark}"))
    digits = re.search(r"^(\d+)$", ended.output, re.MULTILINE)
    if ended.status or digits is None:
        raise CheckFailed(f"{device.host}: BIRD does not say the value of {bird.mark}.")
    return int(digits[1])


async def put(device: Dialogue, bird: Bird, path: str, text: str) -> None:
    """Write a file that BIRD may read as it may read its own. Raises `CheckFailed` where that is not possible."""
    where, main = shlex.quote(path), shlex.quote(bird.main)
    ended = await device.command(f"umask 077; cp -p {main} {where} && cat > {where}", stdin=text, effect=True)
    if ended.status:
        raise CheckFailed(
            f"{device.host}: {path} could not be written: {' '.join(ended.errors.split())}. No change starts without "
            "it; make room, or give the user the right to write beside BIRD's configuration."
        )


async def _running_file(device: Dialogue, bird: Bird) -> str:
    folder = bird.main.rpartition("/")[0]
    if bird.mark is not None:
        found = _MARK.match(bird.mark)
        if found is None:
            raise CheckFailed(f"{device.host}: what BIRD runs defines {bird.mark!r}, which is not one of ours.")
        return f"{folder}/netsaga-{found['token']}.{'old' if found['old'] else 'new'}"
    loaded = shlex.quote(bird.loaded)
    asked = await device.command(
        f"date -d {loaded} +%s.%3N; cd {shlex.quote(folder)} && grep -H . netsaga-*.loaded /dev/null"
    )
    stamp, *copies = (*asked.output.splitlines(), "")
    if not re.fullmatch(r"\d+\.\d{3}", stamp):
        raise CheckFailed(
            f"{device.host}: the time {bird.loaded!r} of BIRD's last configuration is not understood; leave "
            "`timeformat base` at `iso long`."
        )
    for copy, _, copied_at in (line.partition(":") for line in copies):
        if same_load(copied_at, bird.loaded):  # it says more than the file's own time, which `save` has set
            return f"{folder}/{copy.removesuffix('.loaded')}.old"
    if bird.changed_s <= float(stamp):
        return bird.main
    raise CheckFailed(
        f"{device.host}: {bird.main} was changed after BIRD had loaded it ({bird.loaded}), so what BIRD runs cannot be "
        "told. No change starts without a complete copy: `birdc configure` it, or put the old text back."
    )


def same_load(one: str, other: str) -> bool:
    """Whether two times that BIRD told, such as ``2026-01-02 03:04:05.678``, are those of one load."""
    try:
        return abs(datetime.fromisoformat(one) - datetime.fromisoformat(other)) <= JITTER
    except (ValueError, TypeError):  # in another form, or only one of them with an offset
        return one == other


async def _read(device: Dialogue, path: str) -> str:
    ended = await device.command(f"cat -- {shlex.quote(path)}")
    if ended.status or not ended.output.strip():
        raise CheckFailed(f"{device.host}: {path}, which BIRD runs, cannot be read: {' '.join(ended.errors.split())}")
    return ended.output
