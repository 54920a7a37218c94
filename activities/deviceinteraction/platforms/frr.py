"""FRRouting by its vtysh: no candidate, so changes are modelled, typed line by line and read back; undo by the inverse.

The login leads into vtysh, as the user's shell or by ``ForceCommand`` in sshd_config. Sources: FRR user manual, "VTY
Interface" and "Integrated configuration mode" (``show running-config`` collects what each daemon says, ``write memory``
saves it), vtysh(1). vtysh keeps no copy under a name and starts no timer, and ``frr-reload.py`` needs a shell; so there
is no ``native`` and no ``restore``, and a change whose inverse could not be typed is refused before it is made.

What bites: a daemon that died leaves its part out of ``show running-config``, and a line meant for it is answered with
``bgpd is not running`` and then forgotten.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.config import ordered
from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.failures import CheckFailed, InvalidInput
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
from activities.deviceinteraction.platforms import indented, rows
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Running, Staged, Timer
from activities.deviceinteraction.platforms.untimed import Untimed

_LEFT_OUT = re.compile(r"Building configuration|Current configuration\s*:|\s*exit(?:-address-family|-vrf|-\w+)?$|\s*!$")
_LOST = re.compile(r"Warning: (?:connecting to|closing connection to) \w+[^\n]*|^\w+d is not running$", re.MULTILINE)
_SAVED = re.compile(r"^(?:\[OK\]|Integrated configuration saved to )", re.MULTILINE)
_VERSION = re.compile(r"^FRRouting (?P<version>\S+) \((?P<hostname>[^)]*)\)", re.MULTILINE)
_ADDRESS = "ip address "


class Frr(Untimed):
    """FRRouting."""

    name: ClassVar[PlatformName] = "frr"
    confirm: ClassVar[Confirm] = "none"
    timer: ClassVar[Timer | NoTimer] = NoTimer("a line typed into vtysh holds at once, and FRR takes nothing back")
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("inverse",)
    made: ClassVar[Made] = "modelled"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "frr"  # ntc-templates has none: most of FRR's show commands answer with JSON if asked to

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        found = _VERSION.search(await device.show("show version"))
        if found is None:
            raise CheckFailed(
                f"{device.host}: 'show version' was answered, and not by FRRouting; is the platform right?"
            )
        return Facts(
            hostname=found["hostname"], platform=self.name, vendor="FRRouting", model="vtysh", version=found["version"]
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`: complete only if every daemon that vtysh talks to has answered."""
        text = await device.show("show running-config")
        indented.demand_end(device.host, text)
        lost = _LOST.search(text)
        if lost is not None:
            raise CheckFailed(
                f"{device.host}: the running configuration is not whole: {lost.group(0)!r}. A daemon has died, and its "
                "part is missing. No change starts without a complete copy; restart the daemon."
            )
        return self.written(text)

    def written(self, text: str) -> Running:
        """See `Written.written`."""
        return indented.understood(indented.without(text, _LEFT_OUT))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. A router has none."""
        raise InvalidInput(f"{device.host}: FRR routes and has no VLANs; leave `vlans` out of the snapshot.")

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`."""
        answer = await device.show("show interface json")
        try:
            found: dict[str, dict[str, object]] = json.loads(answer)
        except ValueError as error:
            raise CheckFailed(f"{device.host}: 'show interface json' was not answered with JSON: {error}.") from error
        return {
            name: Interface(
                admin="up" if state.get("administrativeStatus") == "up" else "down",
                oper="up" if state.get("operationalStatus") == "up" else "down",
                mode="routed",
                description=str(state.get("description", "")),
            )
            for name, state in sorted(found.items())
        }

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. Nothing is sent.

        Raises:
            InvalidInput: The outcome or the inverse of a line cannot be told.
        """
        staged = indented.modelled(lines, before)
        if staged.footprint.holds_secrets:
            raise InvalidInput(
                f"{device.host}: the change touches a line that holds a secret. FRR keeps no copy to go back to, and a "
                "secret is not kept to be typed again, so the change could not be undone; make it by hand."
            )
        lost = ordered.lost_places(staged.footprint.removed)
        if lost:
            raise InvalidInput(
                f"{device.host}: {lost[0][-1]!r} stands in a list whose order counts, without a number that says "
                "where. FRR keeps no copy to go back to, and a line that is typed again goes to the end, so the change "
                "could not be undone. Give entries numbers (`seq`), or bring a new list and then change what names it."
            )
        typed = {line.strip() for line in lines}
        for path in staged.footprint.removed:
            if path[-1].startswith(_ADDRESS) and f"no {path[-1]}" not in typed and path[0] == path[-2]:
                raise InvalidInput(
                    f"{device.host}: FRR adds a second address and keeps {path[-1].removeprefix(_ADDRESS)!r} on "
                    f"{path[0]!r}. To replace it, give 'no {path[-1]}' first."
                )
        return staged

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
        """See `Platform.commit`."""
        if timer_s is not None:
            raise self._no_timer(device)
        await indented.type_lines(device, staged.lines)

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        raise CheckFailed(f"{device.host}: FRR keeps no configuration to roll back to.")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        raise CheckFailed(f"{device.host}: FRR keeps no copy of 'before'.")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return indented.undo_lines(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`."""
        answer = await device.effect("write memory")
        if refusal(answer) or not _SAVED.search(answer):  # [OK] is left out where the file's owner could not be set
            raise CheckFailed(f"{device.host}: 'write memory' did not save: {rows.last_line(answer)!r}.")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        return (await rows.need(device, "vtysh", "show version", r"^FRRouting ", "change", "inverse"),)
