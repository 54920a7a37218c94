"""Open vSwitch: a change is one OVSDB transaction, worked out by the device itself before it is made.

Sources: ovs-vsctl(8) (``--dry-run`` "prevents ovs-vsctl from actually modifying the database", and a later command of
the same transaction sees what the earlier ones would do), ovs-vswitchd.conf.db(5), RFC 7047. All commands of a change
are joined by ``--`` and so hold together or not at all. The database is the running and the saved configuration in
one, and it keeps no older copy: undo is by the inverse, and there is no timer.

There is no VLAN table: a VLAN is membership in ports' ``tag`` and ``trunks``. Its name is a note on the bridge,
``external_ids:vlan-name-120=users``, which Open vSwitch keeps and does not read.
"""

import hashlib
import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from activities.deviceinteraction.config import ovsdb
from activities.deviceinteraction.config.diff import digest, rendered
from activities.deviceinteraction.config.footprint import Footprint, Path, between, keyed
from activities.deviceinteraction.failures import CheckFailed, InvalidInput, RejectedByDevice
from activities.deviceinteraction.model import (
    Confirm,
    Facts,
    Interface,
    Made,
    Names,
    PlatformName,
    Takes,
    UndoMethod,
    Vlan,
)
from activities.deviceinteraction.platforms import rows
from activities.deviceinteraction.platforms.dialogue import Dialogue, LineRefused
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Running, Staged, Timer
from activities.deviceinteraction.platforms.untimed import Untimed
from activities.deviceinteraction.transport import Ended, LinkFailed

_WAIT_S = 30
_ALIVE = "ovs-appctl --timeout=5 -t ovs-vswitchd version"
_ALARM = 128 + 14  # ovs-vsctl ends itself by SIGALRM when its --timeout is over


class OpenVswitch(Untimed):
    """Open vSwitch."""

    name: ClassVar[PlatformName] = "openvswitch"
    confirm: ClassVar[Confirm] = "none"
    timer: ClassVar[Timer | NoTimer] = NoTimer("an OVSDB transaction holds at once, and nothing takes it back")
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("inverse",)
    made: ClassVar[Made] = "computed_by_device"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "openvswitch"  # ntc-templates has none: `show TABLE` answers with JSON

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        ended = await device.command(
            "uname -n; ovs-vsctl --version; ovs-vsctl --no-heading get Open_vSwitch . external_ids:system-id"
        )
        said = ended.output.splitlines()
        if len(said) < 2 or "Open vSwitch" not in said[1]:
            raise CheckFailed(f"{device.host}: ovs-vsctl does not say its version: {_words(ended)}")
        serial = said[-1].strip('"') if ended.status == 0 else ""
        return Facts(
            hostname=said[0],
            platform=self.name,
            vendor="Open vSwitch",
            model="ovs-vswitchd",
            version=said[1].rpartition(" ")[2],
            serial=serial,
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`: what the database holds."""
        ended = await device.command(_vsctl([]))
        if ended.status:
            raise CheckFailed(f"{device.host}: the database cannot be read: {_words(ended)}")
        return _understood(device, ended)

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`: those that some port carries by name of its id; none is an answer."""
        return ovsdb.vlans((await self.running(device)).present)

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`: the ports, each up if one of its interfaces is."""
        command = "ovs-vsctl --format=json --columns=name,admin_state,link_state list interface"
        ended = await device.command(command)
        if ended.status:
            raise CheckFailed(f"{device.host}: the interfaces cannot be read: {_words(ended)}")
        state = {
            row["name"]: (row["admin_state"] == "up", row["link_state"] == "up") for row in ovsdb.rows(ended.output)
        }
        found: dict[str, Interface] = {}
        for port in (path for path in running.paths if len(path) == 2 and path[1].startswith("port ")):
            members = [p[2].removeprefix("interface ") for p in running.paths if p[:2] == port and len(p) > 2]
            up = [state[name] for name in members if name in state]
            found[port[1].removeprefix("port ")] = ovsdb.interface(
                port, running.present, admin=any(admin for admin, _ in up), oper=any(link for _, link in up)
            )
        return found

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. The device works the transaction out and forgets it."""
        ended = await device.command(_vsctl(ovsdb.words(lines), dry=True))
        if ended.status:
            raise RejectedByDevice(f"{device.host}: the change was refused: {_words(ended)}; nothing is applied.")
        footprint = between(before.paths, _understood(device, ended).paths)
        if footprint.holds_secrets:
            raise InvalidInput(
                f"{device.host}: the change touches a setting that holds a secret. Open vSwitch keeps no copy to go "
                "back to, and a secret is not kept to be set again, so it could not be undone; make it by hand."
            )
        text = rendered(footprint, before.paths)
        return Staged(footprint, text, digest(text), tuple(lines))

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. No lock is taken."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. There is no candidate."""

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. There is none; the inverse is kept in the journal."""

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`."""

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`: one transaction, and ovs-vswitchd has acted on it when this returns."""
        if timer_s is not None:
            raise self._no_timer(device)
        change = _vsctl(ovsdb.words(staged.lines), quiet=True)
        ended = await device.command(f"{_ALIVE} >/dev/null && exec {change}", effect=True)  # or it would wait for long
        if ended.status == _ALARM:
            raise LinkFailed(
                f"{device.host}: the database did not take the change, or ovs-vswitchd did not act on it, within "
                f"{_WAIT_S} s. Is ovs-vswitchd running?"
            )
        if ended.status:
            raise RejectedByDevice(f"{device.host}: the change was refused: {_words(ended)}; nothing is applied.")
        if "Error detected while setting up" in ended.errors:  # it is in the database and not in the switch
            raise LineRefused(device.host, staged.lines[0], 1, _words(ended))

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        raise CheckFailed(f"{device.host}: Open vSwitch keeps no configuration to roll back to.")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        raise CheckFailed(f"{device.host}: Open vSwitch keeps no copy of 'before'.")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return ovsdb.undoing(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`. The database is on the disk."""

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`: the database answers us, and the switch answers the database."""
        ended = await device.command(_ALIVE)
        said = rows.last_line(ended.output) if ended.status == 0 else _words(ended)
        return (Need("ovs-vswitchd", met=ended.status == 0, reason=said, serves=("change", "inverse")),)


def _vsctl(commands: Sequence[Sequence[str]], *, dry: bool = False, quiet: bool = False) -> str:
    """One transaction; unless ``quiet`` it ends by listing the configuration as it then is."""
    lists = [] if quiet else [[f"--columns=_uuid,{_listed(table)}", "list", table] for table in ovsdb.COLUMNS]
    options = ["-vconsole:off", f"--timeout={_WAIT_S}", "--format=json"]
    waits = ["--no-wait"] if dry or not commands else []
    argv = ["ovs-vsctl", *options, *waits, *(["--dry-run"] if dry else [])]
    for command in (*commands, *lists):
        argv += ["--", *command]
    return shlex.join(argv)


def _listed(table: str) -> str:
    references = {"bridge": ("name", "ports"), "port": ("name", "interfaces"), "interface": ("name",)}
    return ",".join((*references[table], *ovsdb.COLUMNS[table]))


def _understood(device: Dialogue, ended: Ended) -> Running:
    """The three tables at the end of an answer, whatever commands printed before them."""
    documents = [line for line in ended.output.splitlines() if line.startswith("{")]
    try:
        bridges, ports, interfaces = (ovsdb.rows(document) for document in documents[-3:])
        paths = ovsdb.paths(bridges, ports, interfaces)
    except (ValueError, KeyError, json.JSONDecodeError) as error:
        raise CheckFailed(f"{device.host}: what ovs-vsctl listed is not understood: {error!r}.") from error
    whole = ovsdb.text_of(paths)
    kept = tuple(keyed(path) for path in paths)
    return Running(whole, kept, hashlib.sha256(whole.encode()).hexdigest(), frozenset(kept))


def _words(ended: Ended) -> str:
    return " ".join((ended.errors or ended.output).split()) or "(no words)"
