"""Any device by NETCONF: a locked candidate, validated and read back; a confirmed commit that outlives its session.

Sources: RFC 6241 (7.5 locks, 8.3 ``:candidate``, 8.4 ``:confirmed-commit``, 8.6 ``:validate``, 8.7 ``:startup``), RFC
8343 and RFC 7223 (interfaces), RFC 7317 (system). The lines of a change are the XML inside of ``config``.

A reply of ``ok`` is no proof: the candidate is compared with the running configuration before the commit, and what runs
is read back after it. With ``persist`` a commit that is not confirmed outlives its session; without it the end of a
session takes it back, so that no fresh login could confirm: such a device has no timer here. NETCONF has no list of
commits that wait; it refuses the lock of the running configuration while one does (7.5), and that is how one is seen.

It keeps no earlier configurations. So ``native`` is the cancelling of a commit that still waits; afterwards the change
is taken back by its inverse. A change of the order alone, of a list that its user orders, is refused: its inverse could
not be told.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Final

from activities.deviceinteraction.config import netconfedit
from activities.deviceinteraction.config.footprint import Footprint, Path, between
from activities.deviceinteraction.failures import (
    CheckFailed,
    ConfigLocked,
    InvalidInput,
    Permanent,
    RejectedByDevice,
    Transient,
)
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
from activities.deviceinteraction.platforms import documents
from activities.deviceinteraction.platforms import netconf_operations as nc
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Ability, Need, NoTimer, Pending, Running, Staged, Timer

_BASE: Final = "urn:ietf:params:netconf:base:"
_SYSTEM: Final = "urn:ietf:params:xml:ns:yang:ietf-system"
_INTERFACES: Final = "urn:ietf:params:xml:ns:yang:ietf-interfaces"


class NetconfDevice:
    """A device with a candidate datastore."""

    name: ClassVar[PlatformName] = "netconf"
    confirm: ClassVar[Confirm] = "device"
    timer: ClassVar[Timer | NoTimer] = Timer(unit_s=1, longest_s=86_400)
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "inverse")
    made: ClassVar[Made] = "computed_by_device"
    takes: ClassVar[Takes] = "file"
    parses_as: ClassVar[str] = "netconf"  # ntc-templates has none: replies are XML

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`: by ietf-system where the device has it, else by what its hello says."""
        hostname = version = ""
        if nc.speaks(device, _SYSTEM):
            for part in await nc.subtree(device, f'<system xmlns="{_SYSTEM}"/>', f'<system-state xmlns="{_SYSTEM}"/>'):
                hostname = hostname or part.value("hostname") or part.value("yuma", "sysName")
                version = version or part.value("platform", "os-version") or part.value("yuma", "sysNetconfServerId")
        vendor = next((name for mark, name in documents.VENDORS.items() if _any_begins(device, mark)), "unknown")
        versions = sorted(uri.removeprefix(_BASE) for uri in device.netconf.capabilities if uri.startswith(_BASE))
        return Facts(
            hostname=hostname or str(device.host),
            platform=self.name,
            vendor=vendor,
            model=f"NETCONF {', '.join(versions)}",
            version=version or "unknown",
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`: XML in the normal form of `config/xmltree.py`."""
        return documents.understood(await nc.config(device, "running"))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. No standard says where they are."""
        raise InvalidInput(
            f"{device.host}: NETCONF has no VLANs that are the same on all devices; leave `vlans` out of the snapshot, "
            "and judge its `config`."
        )

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`: by ietf-interfaces, in its older form or its newer one."""
        if not nc.speaks(device, _INTERFACES):
            raise InvalidInput(
                f"{device.host}: the device has no ietf-interfaces; leave `interfaces` out of the snapshot."
            )
        parts = await nc.subtree(
            device, f'<interfaces xmlns="{_INTERFACES}"/>', f'<interfaces-state xmlns="{_INTERFACES}"/>'
        )
        entries = [(part.name, entry) for part in parts for entry in part.every("interface")]
        described = {entry.value("name"): entry.value("description") for name, entry in entries if name == "interfaces"}
        return {
            entry.value("name"): Interface(
                admin="up" if entry.value("admin-status") == "up" else "down",
                oper="up" if entry.value("oper-status") == "up" else "down",
                description=described.get(entry.value("name"), ""),
            )
            for _, entry in sorted(entries, key=lambda item: item[1].value("name"))
            if entry.find("oper-status") is not None
        }

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. The candidate and the running configuration stay locked.

        Raises:
            InvalidInput: The change is no XML for a data model, or only moves entries.
            Transient: The configuration changed meanwhile.
        """
        fragment = netconfedit.fragment(lines)
        self._demand_candidate(device)
        await nc.lock(device, "candidate")
        try:
            await self._lock_running(device)
            return await self._edit(device, fragment, lines, before)
        except BaseException:
            if device.is_alive():
                await self.discard(device, names)
            raise

    async def lock(self, device: Dialogue) -> None:
        """See `Locking.lock`. That of what runs is refused while a commit waits for its confirmation."""
        await nc.lock(device, "candidate")

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`: the id of the hello, which a refused lock names."""
        return device.netconf.session_id

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`. A session that is gone already has lost its lock as well."""
        operation = f"<kill-session><session-id>{int(name)}</session-id></kill-session>"
        error = await nc.ask(device, operation, effect=True)
        return error is None or error.tag == "invalid-value"

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. A candidate of a session that died went with its lock."""
        if "candidate" in device.netconf.locked:
            await nc.ask(device, "<discard-changes/>")
        await nc.unlock(device, "running", "candidate")

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. There is none; the inverse is kept in the journal."""

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`."""

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`."""
        error = await nc.ask(device, nc.commit(timer_s, names.tag), effect=True)
        if error is None:
            await nc.unlock(device, "running", "candidate")
            return
        await self.discard(device, names)
        if nc.is_somebody(error):
            raise nc.locked(device, error)
        raise RejectedByDevice(f"{device.host}: the commit was refused: {error.words}. The candidate was dropped.")

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.timer_needs`: a commit that outlives its session, and a lock that shows one that waits."""
        persists = _has(device, "confirmed-commit:1.1", "confirm")
        if not persists.met and nc.capability(device, "confirmed-commit:1.0") is not None:
            reason = "only confirmed-commit:1.0: without `persist`, the end of a session takes the commit back"
            return (Need(persists.name, met=False, reason=reason, serves=("confirm",)),)
        return (persists, await self._sight_of_commits(device)) if persists.met else (persists,)

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """See `Platform.pending`: whether the lock of the running configuration is refused, and by no session.

        Raises:
            ConfigLocked: A session holds that lock, so that it cannot be told.
        """
        if nc.capability(device, "confirmed-commit:1.1") is None:
            return "none"
        held = "running" in device.netconf.locked
        try:
            await nc.lock(device, "running")
        except ConfigLocked as locked:
            if locked.holder is not None:
                raise
            return "unnamed"
        if not held:
            await nc.unlock(device, "running")
        return "none"

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """See `Platform.confirm_commit`. It commits the candidate as well, so that must hold nothing of anybody.

        Raises:
            ConfigLocked: The candidate holds changes of somebody else.
        """
        await self._lock_if_it_may(device)
        try:
            if documents.understood(await nc.config(device, "candidate")).text != (await self.running(device)).text:
                said = "the candidate holds changes of somebody else, which a confirmation would commit along"
                raise ConfigLocked(f"{device.host}: config locked: {said}.")
            error = await nc.ask(device, nc.confirming(names.tag), effect=True)
        finally:
            if device.is_alive():
                await nc.unlock(device, "candidate")
        if error is None or await self.pending(device, names) == "none":
            return  # nothing waits any more; whether the change is still there is looked at by who asked
        raise CheckFailed(f"{device.host}: the confirmation was refused: {error.words}.")

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """See `Platform.abort_timer`."""
        error = await nc.ask(device, nc.cancelling(names.tag), effect=True)
        if error is not None and await self.pending(device, names) != "none":
            raise CheckFailed(f"{device.host}: the commit could not be cancelled: {error.words}.")

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        raise CheckFailed(f"{device.host}: NETCONF keeps no earlier configuration to roll back to.")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        raise CheckFailed(f"{device.host}: NETCONF keeps no copy of 'before'.")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return netconfedit.undoing(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`: only a device with ``:startup`` has something to save to."""
        if nc.capability(device, "startup:1.0") is None:
            return
        operation = "<copy-config><target><startup/></target><source><running/></source></copy-config>"
        error = await nc.ask(device, operation, effect=True)
        if error is not None:
            raise CheckFailed(f"{device.host}: saving was refused: {error.words}.")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        return (
            _has(device, "candidate:1.0", "change", "inverse"),
            _has(device, "confirmed-commit:1.1", "native"),
            *await self.timer_needs(device),
        )

    async def _edit(self, device: Dialogue, fragment: str, lines: Sequence[str], before: Running) -> Staged:
        now = await nc.config(device, "running")
        if documents.understood(now).fingerprint != before.fingerprint:
            raise Transient(f"{device.host}: somebody else changed the configuration just now; it is proposed again.")
        error = await nc.ask(device, nc.editing(device, fragment), effect=True)
        if error is None and nc.validates_apart(device):
            error = await nc.ask(device, "<validate><source><candidate/></source></validate>", effect=True)
        if error is not None:
            raise RejectedByDevice(f"{device.host}: the change was refused: {error.words}. The candidate was dropped.")
        elements = await nc.config(device, "candidate")
        candidate = documents.understood(elements)
        footprint = between(before.paths, candidate.paths)
        if footprint.empty and candidate.fingerprint != before.fingerprint:
            raise InvalidInput(
                f"{device.host}: the change only moves entries, and an order cannot be taken back; make it by hand."
            )
        return documents.staged(footprint, now, elements, lines)

    async def _lock_running(self, device: Dialogue) -> None:
        """Keep others from changing what runs; where a device has no such lock, that of the candidate must do."""
        with suppress(Permanent):
            await nc.lock(device, "running")

    async def _sight_of_commits(self, device: Dialogue) -> Need:
        held = "running" in device.netconf.locked
        reason = "the running configuration can be locked, which is refused while a commit waits"
        try:
            await nc.lock(device, "running")
        except ConfigLocked as locked:
            reason = locked.message
        except Permanent as refused:
            return Need("sight of commits that wait", met=False, reason=refused.message, serves=("confirm",))
        if not held:
            await nc.unlock(device, "running")
        return Need("sight of commits that wait", met=True, reason=reason, serves=("confirm",))

    async def _lock_if_it_may(self, device: Dialogue) -> None:
        """Lock the candidate; some devices refuse that as long as a commit waits."""
        try:
            await nc.lock(device, "candidate")
        except ConfigLocked as locked:
            if locked.holder is not None:
                raise

    def _demand_candidate(self, device: Dialogue) -> None:
        need = _has(device, "candidate:1.0")
        if not need.met:
            raise InvalidInput(f"{device.host}: {need.reason}; without a candidate no change is safe.")


def _has(device: Dialogue, name: str, *serves: Ability) -> Need:
    uri = nc.capability(device, name)
    return Need(f":{name}", met=uri is not None, reason=uri or f"the device does not offer :{name}", serves=serves)


def _any_begins(device: Dialogue, mark: str) -> bool:
    return any(uri.startswith(mark) for uri in device.netconf.capabilities)
