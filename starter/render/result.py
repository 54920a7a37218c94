"""The end of a run: its verdict, its steps in a line each, and a table with every device."""

from collections.abc import Mapping
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from starter.render.causes import causes_table
from starter.render.words import PLAN_MODE, clean, counts, one_line, style, utc, word
from starter.told import told, told_in
from workflows.contracts import DeviceLine, DeviceResult, RunResult

LISTED: Final = 60  # devices, one a line
URGENT: Final = ("undo_failed", "unknown")  # they need a person now


def print_result(
    out: Console, result: RunResult, *, url: str | None = None, platforms: Mapping[str, str] | None = None
) -> None:
    """Print the result for a person: each device, of many only those that need somebody now; and why devices failed.

    A column of platforms is there where they are known.

    Paths and addresses are never wrapped: they are there to be copied.
    """
    many = len(result.devices) + result.devices_omitted > LISTED
    shown = tuple(device for device in result.devices if not many or device.status in URGENT)
    if shown:
        out.print(device_table(shown[:LISTED], platforms, omitted=len(shown[LISTED:])))
    if many or any(cause.devices > 1 for cause in result.causes):
        out.print(causes_table(result.causes))
    if many:
        out.print(Text(f"All devices: {told(f'netsaga devices {clean(result.id)}')}", style="dim"), soft_wrap=True)
    out.print(summary(result, url=url), soft_wrap=True)


def summary(result: RunResult, *, url: str | None = None) -> Group:
    """Verdict, message, steps and where to look further."""
    line = Text()
    line.append("Verdict: ", style="bold")
    line.append_text(word(result.verdict))
    if said := counts(result.counts):
        line.append("  ")
        line.append_text(said)
    parts: list[RenderableType] = [line]
    if result.mode == "plan":
        parts.append(Text(PLAN_MODE, style="cyan"))
    if result.message:
        parts.append(Text(clean(told_in(result.message)), style=style(result.verdict)))
    urgent = next((device.name for device in result.devices if device.status in URGENT), None)
    if urgent is not None:
        look = f"What was said to a device: netsaga transcript {clean(result.id)} {clean(urgent)}"
        parts.append(Text(look, style=style("quarantined")))
    if result.quarantined:
        hosts = ", ".join(clean(host) for host in result.quarantined)
        parts.append(
            Text(f"Quarantined: {hosts}. Look at them, then: {told('netsaga quarantine')}", style=style("quarantined"))
        )
    for name, value in (
        ("Run", result.id),
        ("Joined", result.joined),
        ("Report", result.report),
        ("Record", result.record),
        ("Web UI", url),
    ):
        if value:
            parts.append(Text(f"{name + ':':<8} {clean(value)}"))
    return Group(*parts)


def device_table(
    devices: tuple[DeviceResult, ...], platforms: Mapping[str, str] | None = None, *, omitted: int = 0
) -> Table:
    """One line a device: name, platform, where it ended, the step that decided, and why."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    table.add_column("Device", no_wrap=True)
    if platforms is not None:
        table.add_column("Platform", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    table.add_column("Step", no_wrap=True)
    table.add_column("Message", overflow="fold")
    for device in devices:
        platform = [Text(clean(platforms.get(device.name, "")))] if platforms is not None else []
        table.add_row(
            Text(clean(device.name)),
            *platform,
            word(device.status),
            Text(device.step or ""),
            Text(one_line(told_in(device.message))),
        )
    if omitted:
        table.caption = f"and {omitted} more; the record has all of them"
    return table


def line_table(lines: tuple[DeviceLine, ...]) -> Table:
    """Devices of a run that lives: the newest step that took each up, its wave, its status, and what is known of when.

    A column that would be empty is left out.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    times = any(line.since is not None for line in lines)
    tries = any((line.attempt or 1) > 1 or line.generation > 1 for line in lines)
    for name in ("Device", "Status", "Step", "Wave", *(["Since"] if times else []), *(["Try"] if tries else [])):
        table.add_column(name, no_wrap=True)
    table.add_column("Message", overflow="fold")
    for line in lines:
        since = [Text("" if line.since is None else utc(line.since))] if times else []
        table.add_row(
            Text(clean(line.host)),
            word(line.status),
            Text(line.step or ""),
            Text(line.wave),
            *since,
            *([Text(_tries(line))] if tries else []),
            Text(one_line(told_in(line.message))),
        )
    return table


def _tries(line: DeviceLine) -> str:
    """``2`` is a second attempt; ``1, round 2`` the first one after an operator's retry."""
    attempt = str(line.attempt) if line.attempt is not None else ""
    again = f"round {line.generation}" if line.generation > 1 else ""
    return ", ".join(part for part in (attempt, again) if part)
