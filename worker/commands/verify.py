"""`python -m worker platform verify HOST`: try netsaga's contract on a lab device, after showing what would be done.

The device library does it (`verifying.py`); this file asks, prints a table and writes the result, which names neither
the device nor its address.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from activities.deviceinteraction.model import Target
from activities.deviceinteraction.platforms.protocol import NoTimer
from activities.deviceinteraction.platforms.registry import platform_named
from activities.deviceinteraction.verification import Verification, lines_for
from activities.deviceinteraction.verifying import verify
from worker.ports import host_keys
from worker.settings import Settings, SettingsError
from worker.targets import Wanted, find_target

MARKS = {"ok": "ok     ", "failed": "FAILED ", "skipped": "skipped"}


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise SettingsError("nobody can be asked here whether the device may be changed; say --yes, or --dry-run")
    return input(question)


async def verify_host(
    settings: Settings,
    wanted: Wanted,
    *,
    vlan: int,
    out: Path,
    yes: bool,
    dry_run: bool,
    ask: Callable[[str], str] = _asked,
) -> int:
    """Preview, ask, verify, print, write; 0 where everything holds, or nothing was to be done, else 1.

    Args:
        settings: For the inventories, the credentials and the host keys.
        wanted: Which device.
        vlan: Which VLAN is made and taken back.
        out: Where the result goes.
        yes: Do not ask.
        dry_run: Only say what would be done.
        ask: Gets an answer from whoever sits there.

    Raises:
        TargetError: The device or its credential cannot be found.
        SettingsError: Nobody can be asked, or the result cannot be written.
    """
    target = await find_target(settings, wanted)
    print(_preview(target, vlan))
    if dry_run:
        return 0
    if not yes and (await asyncio.to_thread(ask, "Type the name of the device to go on: ")).strip() != target.name:
        print("Nothing was done.")
        return 1
    result = await verify(target, host_keys=host_keys(settings.ssh), vlan=vlan)
    print(_table(result))
    try:
        await asyncio.to_thread(out.write_text, result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{out}: the result cannot be written: {error.strerror}") from error
    print(f"\nwritten to {out}; it names neither the device nor its address, and can be shared")
    return 0 if result.passed else 1


def _preview(target: Target, vlan: int) -> str:
    platform = platform_named(target.platform)
    lines = lines_for(platform.name, vlan)
    timer = platform.timer
    held = f"no: {timer.reason}" if isinstance(timer, NoTimer) else "yes, and confirmed"
    shown = (
        [f"    {line}" for line in lines]
        if lines
        else [f"    none: no harmless change is known for {platform.name}, so nothing but reading is tried"]
    )
    return "\n".join(
        [
            f"{target.name} ({platform.name}) at {target.address} port {target.port}, as {target.credential.username}",
            "",
            "  read facts, the version and the configuration",
            "  propose this change, and drop it; then make it, several times, and take it back each time:",
            *shown,
            f"  undo: {', '.join(method for method in platform.undo_methods if method != 'restore')}",
            f"  under the device's own timer: {held}",
            "  nothing is saved to the startup configuration; at the end the device must be as before",
            "",
            "Use a lab device: some commands of the contract are ones that a busy device feels.",
            "",
        ]
    )


def _table(result: Verification) -> str:
    known = f"{result.vendor} {result.model}, {result.version}" if result.model else "unknown"
    width = max(len(part.name) for part in result.parts)
    lines = [f"{result.platform}: {known}", ""]
    lines += [f"  {MARKS[part.state]} {part.name:<{width}} {part.seconds:7.2f} s  {part.said}" for part in result.parts]
    verdict = "the contract holds" if result.passed else "the contract does not hold"
    return "\n".join([*lines, "", f"{result.platform}: {verdict}"])
