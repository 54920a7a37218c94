"""From parsed rows to the shared shapes, and the small readings that all platforms need. Pure, but for `need`."""

import re
from collections.abc import Container, Mapping, Sequence

from pydantic import JsonValue

from activities.deviceinteraction.failures import CheckFailed, RejectedByDevice
from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Ability, Need

Row = Mapping[str, JsonValue]


def first(rows: Sequence[Row], host: str) -> Row:
    """The first row.

    Raises:
        CheckFailed: There is none, though the device answered.
    """
    if not rows:
        raise CheckFailed(
            f"{host}: 'show version' was answered, but not in a form that is known. "
            "Is its platform in the inventory the right one?"
        )
    return rows[0]


def text(row: Row, column: str) -> str:
    """A column as text; of a list its first entry; empty where the template found nothing."""
    value = row.get(column)
    if isinstance(value, list):
        value = value[0] if value else ""
    return value.strip() if isinstance(value, str) else ""


def vlans(rows: Sequence[Row], host: str, *, reserved: Container[int] = ()) -> Mapping[int, Vlan]:
    """VLANs from rows with ``vlan_id``, ``vlan_name`` and ``status``.

    Raises:
        CheckFailed: No row at all: every switch has VLAN 1, so the output was not understood.
    """
    if not rows:
        raise CheckFailed(
            f"{host}: no VLAN could be read from the device's answer, though VLAN 1 always exists. "
            "Is its platform in the inventory the right one?"
        )
    found: dict[int, Vlan] = {}
    for row in rows:
        number = int(text(row, "vlan_id"))
        if number not in reserved:
            suspended = text(row, "status").lower().startswith("sus")
            found[number] = Vlan(name=text(row, "vlan_name"), status="suspended" if suspended else "active")
    return found


def hostname(prompt: str) -> str:
    """The device's name as its prompt shows it."""
    return re.split(r"[(>#]", prompt.rpartition("@")[2], maxsplit=1)[0]


def last_line(answer: str) -> str:
    """The last line of an answer that says something."""
    return next((line.strip() for line in reversed(answer.splitlines()) if line.strip()), "(no words)")


async def need(device: Dialogue, name: str, command: str, pattern: str, *serves: Ability) -> Need:
    """Whether a show command's answer has what is looked for. A refusal is an answer too."""
    try:
        answer = await device.show(command)
    except (RejectedByDevice, CheckFailed) as error:
        return Need(name, met=False, reason=error.message, serves=serves)
    line = next((line.strip() for line in answer.splitlines() if re.search(pattern, line)), None)
    reason = line or f"{command!r} does not show it: {last_line(answer)!r}"
    return Need(name, met=line is not None, reason=reason, serves=serves)
