"""Any device by RESTCONF: resources read, a change predicted and made by ``PATCH``, ``PUT`` and ``DELETE``.

Sources: RFC 8040 (1.4 how it stands beside NETCONF, 3.4.1 edit collisions, 4 methods, 7 errors, 10 the library of data
models), RFC 8343 and RFC 7223 (interfaces), RFC 7317 (system); Cisco, "Programmability Configuration Guide, Cisco IOS
XE", chapter "RESTCONF Protocol". The lines of a change are XML, as for the platform ``netconf``.

A change is bound to the configuration that it was worked out from: by the entity tag, which the device itself compares
(``If-Match``), and where it gives none by a last look. One ``PATCH`` is made whole or not at all; a change that also
deletes or replaces needs several requests, and one of them may be refused after another was done. So what is there is
read back, and a half of a change is taken back.

There is no candidate, so that the diff is modelled, and no confirmed commit: what is changed holds at once, and nothing
takes it back by itself. Worse, an edit confirms a NETCONF commit that waits without ``persist`` (RFC 8040, 1.4): do not
use both on a device at the same time. Undone is by the inverse, from the configuration that was read before.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, Final

from activities.deviceinteraction.config import netconfedit, restconfedit
from activities.deviceinteraction.config.footprint import Footprint, Path, between
from activities.deviceinteraction.config.restconfedit import Edit
from activities.deviceinteraction.config.xmltree import Element
from activities.deviceinteraction.failures import CheckFailed, ConfigLocked, InvalidInput, RejectedByDevice, Transient
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
from activities.deviceinteraction.platforms.dialogue import Dialogue, LineRefused
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Running, Staged, Timer
from activities.deviceinteraction.platforms.untimed import Untimed
from activities.deviceinteraction.transport import Refusal, Resource

_NATIVE: Final = "Cisco-IOS-XE-native"
_SAVES: Final = "cisco-ia"  # Cisco's module with the operation that saves; without it a device saves by itself
_SOMEBODY: Final = frozenset({"lock-denied", "in-use", "resource-denied"})
_CHANGED: Final = 412  # Precondition Failed: the tag is another one


class RestconfDevice(Untimed):
    """A device with RESTCONF. Its configuration is the datastore, or the one resource that the inventory names."""

    name: ClassVar[PlatformName] = "restconf"
    confirm: ClassVar[Confirm] = "none"
    timer: ClassVar[Timer | NoTimer] = NoTimer("RESTCONF has no confirmed commit: what it changes holds at once")
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("inverse",)
    made: ClassVar[Made] = "modelled"
    takes: ClassVar[Takes] = "file"
    parses_as: ClassVar[str] = "restconf"  # ntc-templates has none: answers are JSON

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`: by Cisco's native model or ietf-system, whichever the device has."""
        modules = await device.restconf.modules()
        names = set(modules.values())
        if _NATIVE in names:
            hostname = await _value(device, f"{_NATIVE}:native/hostname")
            version = await _value(device, f"{_NATIVE}:native/version")
        else:
            hostname = await _value(device, "ietf-system:system/hostname")
            version = await _value(device, "ietf-system:system-state/platform/os-version")
        vendors = (vendor for mark, vendor in documents.VENDORS.items() if any(uri.startswith(mark) for uri in modules))
        return Facts(
            hostname=hostname or str(device.host),
            platform=self.name,
            vendor=next(vendors, "unknown"),
            model=f"RESTCONF, {len(modules)} data models",
            version=version or "unknown",
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`: XML in the normal form of `config/xmltree.py`."""
        return documents.understood((await _configuration(device)).elements)

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. No standard says where they are."""
        raise InvalidInput(
            f"{device.host}: RESTCONF has no VLANs that are the same on all devices; leave `vlans` out of the "
            "snapshot, and judge its `config`, or `show` their resource."
        )

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`: by ietf-interfaces, in its older form or its newer one."""
        states = _entries(await device.restconf.read("ietf-interfaces:interfaces-state"))
        configured = _entries(await device.restconf.read("ietf-interfaces:interfaces"))
        described = {entry.value("name"): entry.value("description") for entry in configured}
        having = [entry for entry in (*states, *configured) if entry.find("oper-status") is not None]
        if not having:
            raise InvalidInput(
                f"{device.host}: the device does not tell the state of its interfaces by ietf-interfaces; leave "
                "`interfaces` out of the snapshot."
            )
        return {
            entry.value("name"): Interface(
                admin="up" if entry.value("admin-status") == "up" else "down",
                oper="up" if entry.value("oper-status") == "up" else "down",
                description=described.get(entry.value("name"), ""),
            )
            for entry in sorted(having, key=lambda entry: entry.value("name"))
        }

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. Nothing is sent that changes anything; what will be is kept with the link.

        Raises:
            InvalidInput: The change is no XML for a data model of the device, or cannot be predicted.
            Transient: The configuration changed meanwhile.
        """
        modules = await device.restconf.modules()
        read = await _configuration(device)
        if documents.understood(read.elements).fingerprint != before.fingerprint:
            raise Transient(f"{device.host}: somebody else changed the configuration just now; it is proposed again.")
        outcome = restconfedit.worked_out(read.elements, lines, modules, device.restconf.root)
        footprint = between(before.paths, documents.understood(outcome.elements).paths)
        device.restconf.staged = read.tag, () if footprint.empty else outcome.edits
        return documents.staged(footprint, read.elements, outcome.elements, lines)

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. There is no lock."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. There is no candidate; what was worked out is forgotten."""
        device.restconf.staged = None

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. There is none; the inverse is kept in the journal."""

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`."""

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`: the first request is bound to what was read, and tells whether others were there."""
        if timer_s is not None:
            raise self._no_timer(device)
        prepared, device.restconf.staged = device.restconf.staged, None
        if prepared is None:
            raise Transient(f"{device.host}: the change that was prepared is gone with its link; it is prepared again.")
        tag, edits = prepared[0], [edit for edit in prepared[1] if isinstance(edit, Edit)]
        bound = tag is not None and bool(edits) and edits[0].path == device.restconf.root
        if not bound and (await self.running(device)).fingerprint != before.fingerprint:
            raise _moved(device)
        for number, edit in enumerate(edits, start=1):
            first = number == 1
            refusal = await device.edit(edit.method, edit.path, edit.body, tag=tag if first and bound else None)
            if refusal is None:
                continue
            if first and refusal.status == _CHANGED:
                raise _moved(device)
            if first and refusal.tag in _SOMEBODY:
                raise ConfigLocked(
                    f"{device.host}: config locked: {refusal.words}. Nothing was changed; it is tried again once that "
                    "person or program is done."
                )
            raise LineRefused(device.host, f"{edit.method} {edit.path or 'data'}", number, refusal.words)

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        raise CheckFailed(f"{device.host}: RESTCONF keeps no earlier configuration to roll back to.")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        raise CheckFailed(f"{device.host}: RESTCONF keeps no copy of 'before'.")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return netconfedit.undoing(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`: a device saves by itself (RFC 8040, 1.4), but for IOS XE, which has an operation."""
        modules = await device.restconf.modules()
        namespace = next((uri for uri, module in modules.items() if module == _SAVES), None)
        if namespace is None:
            return
        reply = await device.rpc(f'<save-config xmlns="{namespace}"/>', effect=True)
        if "rpc-error" in reply:
            raise CheckFailed(f"{device.host}: saving was refused: {' '.join(reply.split())}")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        found = await device.restconf.modules()
        tag = (await _configuration(device)).tag
        said = f"the configuration's is {tag}" if tag else "the device gives none, so a last look must do"
        return (
            Need("data models", met=True, reason=f"{len(found)} are listed", serves=("change", "inverse")),
            Need("entity tags", met=tag is not None, reason=said),
        )


async def _configuration(device: Dialogue) -> Resource:
    """What counts as the configuration, with its tag.

    Raises:
        RejectedByDevice: The device does not show it.
    """
    found = await device.restconf.read(device.restconf.root, query="content=config")
    if isinstance(found, Refusal):
        raise RejectedByDevice(
            f"{device.host}: the configuration ({device.restconf.root or 'data'}) cannot be read: {found.words}. Check "
            "`data.restconf_root` in the inventory and the user's rights."
        )
    return found


async def _value(device: Dialogue, path: str) -> str:
    """The value of a leaf; empty where there is none."""
    found = await device.restconf.read(path)
    return found.elements[0].text.strip() if isinstance(found, Resource) and found.elements else ""


def _entries(found: Resource | Refusal) -> list[Element]:
    if isinstance(found, Refusal):
        return []
    return [entry for element in found.elements for entry in element.every("interface")]


def _moved(device: Dialogue) -> Transient:
    return Transient(
        f"{device.host}: somebody else changed the configuration just now; nothing was changed, and it is worked out "
        "again."
    )
