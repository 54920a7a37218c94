"""The end of a run: its verdict, its steps in a line each, and a table with every device."""

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from starter.render.words import clean, counts, one_line, style, word
from workflows.contracts import DeviceLine, DeviceResult, RunResult


def print_result(
    out: Console, result: RunResult, *, url: str | None = None, platforms: Mapping[str, str] | None = None
) -> None:
    """Print the whole result for a person; with a column of platforms where they are known.

    Paths and addresses are never wrapped: they are there to be copied.
    """
    out.print(device_table(result.devices, platforms, omitted=result.devices_omitted))
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
    if result.message:
        parts.append(Text(clean(result.message), style=style(result.verdict)))
    for name, value in (("Run", result.id), ("Report", result.report), ("Record", result.record), ("Web UI", url)):
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
            Text(one_line(device.message)),
        )
    if omitted:
        table.caption = f"and {omitted} more; the record has all of them"
    return table


def line_table(lines: tuple[DeviceLine, ...]) -> Table:
    """Devices of a run that lives: the newest step that took each up, its wave and its status."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("Device", "Status", "Step", "Wave"):
        table.add_column(name, no_wrap=True)
    table.add_column("Message", overflow="fold")
    for line in lines:
        table.add_row(
            Text(clean(line.host)),
            word(line.status),
            Text(line.step or ""),
            Text(line.wave),
            Text(one_line(line.message)),
        )
    return table
