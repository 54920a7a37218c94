"""What the platforms with indented configurations share: reading them, predicting changes, and typing lines.

Functions, not a class to inherit from: each platform names what it uses. No command of one platform alone stands here.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence

from activities.deviceinteraction.config import dialect, diff, hierarchy
from activities.deviceinteraction.config.footprint import Footprint, Path, between, keyed
from activities.deviceinteraction.failures import CheckFailed, InvalidInput, RejectedByDevice
from activities.deviceinteraction.model import Interface
from activities.deviceinteraction.platforms.dialogue import Dialogue, LineRefused
from activities.deviceinteraction.platforms.protocol import Running, Staged
from activities.deviceinteraction.platforms.staging import locked

_MODES: Mapping[str, str] = {"access": "access", "trunk": "trunk", "dot1q-tunnel": "access"}


def understood(text: str) -> Running:
    """A running configuration, its volatile lines already removed, with all that is derived from it."""
    paths = tuple(keyed(path) for path in hierarchy.read(text).paths())
    return Running(text, paths, hashlib.sha256(text.encode()).hexdigest(), frozenset(paths))


def without(text: str, volatile: re.Pattern[str]) -> str:
    """The text without the lines that change by themselves, trailing blanks and blank lines."""
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not volatile.match(line)) + "\n"


def demand_end(host: str, text: str) -> None:
    """Insist that a running configuration came whole (device-safety rule 6).

    Raises:
        CheckFailed: Its end marker is missing.
    """
    if text.rstrip().rpartition("\n")[2].strip() != "end":
        raise CheckFailed(
            f"{host}: the running configuration does not finish with 'end': it was cut short, or the user may not see "
            "all of it. No change starts without a complete copy; check the user's privilege."
        )


def check_lines(lines: Sequence[str]) -> None:
    """Refuse lines whose outcome is not predicted.

    Raises:
        InvalidInput: Such as ``interface range``.
    """
    for line in lines:
        if line.strip().lower().startswith("interface range"):
            raise InvalidInput(f"{line.strip()!r} is not supported: write one 'interface' block for each interface.")
        if line.strip().lower().startswith("default "):
            raise InvalidInput(
                f"{line.strip()!r} is not supported: what it resets cannot be predicted; use 'no' lines."
            )


def modelled(lines: Sequence[str], before: Running) -> Staged:
    """The change that lines would make, predicted from the running configuration alone."""
    check_lines(lines)
    now = hierarchy.read(before.text)
    footprint = between(before.paths, [keyed(path) for path in hierarchy.predict(now, lines).paths()])
    text = diff.rendered(footprint, before.paths)
    return Staged(footprint, text, diff.digest(text), hierarchy.as_sent(lines), _stages(now, lines))


def _stages(now: hierarchy.Tree, lines: Sequence[str]) -> tuple[Footprint, ...]:
    """What each line does, one after the other, for finding the place at which an attempt died."""
    return tuple(
        between([keyed(path) for path in earlier], [keyed(path) for path in later])
        for earlier, later in hierarchy.stages(now, lines)
    )


def from_candidate(lines: Sequence[str], before: Running, candidate: Running) -> Staged:
    """The change between the running configuration and a candidate that the device worked out."""
    footprint = between(before.paths, candidate.paths)
    text = diff.rendered(footprint, before.paths)
    return Staged(footprint, text, diff.digest(text), hierarchy.as_sent(lines))


def lines_towards(current: Running, wanted: Running) -> tuple[str, ...] | None:
    """Lines that lead from one configuration to another; ``None`` where a secret would have to be typed."""
    return diff.undoing(between(wanted.paths, current.paths), current.present)


def undo_lines(footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
    """Lines that take back what is there of a change."""
    return diff.undoing(footprint, present)


async def type_lines(device: Dialogue, lines: Sequence[str], enter_by: str = "configure terminal") -> None:
    """Enter configuration mode, type, leave. The mode is left after a refusal as well.

    Raises:
        LineRefused: At the first refusal; nothing was sent after it.
    """
    await enter(device, enter_by, "(config")
    try:
        await device.lines(lines)
    except LineRefused:
        await device.step("end")
        raise
    await device.step("end")


async def enter(device: Dialogue, command: str, mark: str) -> None:
    """Send a command that changes the mode and see that it did.

    Raises:
        ConfigLocked: Somebody else has locked the configuration.
        RejectedByDevice: The prompt says that the device stayed where it was.
    """
    answer = await device.step(command)
    if mark not in device.prompt:
        if "lock" in answer.lower():
            raise locked(device, answer)
        raise RejectedByDevice(f"{device.host}: {command!r} did not open configuration mode: {answer.strip()!r}")


def interfaces(running: Running, oper: Mapping[str, bool]) -> Mapping[str, Interface]:
    """Interfaces in the shared shape: what is configured, joined with what the device says is up.

    Args:
        running: The running configuration.
        oper: Interface name, in any of the device's spellings, to whether its line protocol is up. An interface
            that is not here is left out: its state is not known.
    """
    tree = hierarchy.read(running.text)
    names = frozenset(tree)
    found: dict[str, Interface] = {}
    for spelled, up in oper.items():
        header = dialect.canonical(f"interface {spelled}", names)
        block = tree.get(header, hierarchy.Tree())
        found[header.removeprefix("interface ")] = _interface(block, up)
    return found


def _interface(block: hierarchy.Tree, up: bool) -> Interface:
    def value(start: str) -> str | None:
        return next((text.removeprefix(start).strip() for text in block if text.startswith(f"{start} ")), None)

    configured = value("switchport mode")
    routed = "no switchport" in block or value("ip address") is not None
    mode = "routed" if routed else _MODES.get(configured or "access", "access")
    access = value("switchport access vlan") or "1"
    listed = hierarchy.allowed(block)
    return Interface.model_validate(
        {
            "admin": "down" if "shutdown" in block else "up",
            "oper": "up" if up else "down",
            "mode": mode,
            "access_vlan": int(access) if mode == "access" and access.isdigit() else None,
            "trunk_vlans": tuple(sorted(listed or ())) if mode == "trunk" else (),
            "description": value("description") or "",
        }
    )
