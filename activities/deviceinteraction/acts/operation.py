"""A NETCONF operation that a definition names: one that reads, or one that has an effect and is carried out once.

What an operation did cannot be seen afterwards. So what an attempt leaves in doubt stays in doubt: it is never carried
out a second time. Operations with which netsaga itself changes configurations are refused, as they would go past the
lock, the approval and the undo.
"""

import re
from typing import Final

from activities.deviceinteraction.change.effect import under_way
from activities.deviceinteraction.config import xmltree
from activities.deviceinteraction.failures import InvalidInput, OutcomeUnknown, RejectedByDevice
from activities.deviceinteraction.model import Journal
from activities.deviceinteraction.platforms import netconf_operations as nc
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.redaction import Redactor

INTENT: Final = "begun"
OUTCOME: Final = "outcome"
_OURS: Final = frozenset(
    {"edit-config", "edit-data", "copy-config", "delete-config", "commit", "cancel-commit", "discard-changes"}
    | {"lock", "unlock", "partial-lock", "partial-unlock", "close-session", "kill-session"}
)


async def read(device: Dialogue, operation: str) -> str:
    """What an operation that reads answers with, as XML in the normal form of `config/xmltree.py`; secrets not hidden.

    Raises:
        InvalidInput: It is no operation, or one of netsaga's own.
        RejectedByDevice: The device refused it.
    """
    return await _carried_out(device, _checked(operation), effect=False)


async def carry_out(device: Dialogue, operation: str, journal: Journal, redact: Redactor) -> str:
    """Carry out an operation that has an effect, once; what it answers with, secrets redacted.

    Args:
        device: Where.
        operation: XML.
        journal: What earlier attempts did.
        redact: Hides secrets in what is kept and returned.

    Raises:
        InvalidInput: It is no operation, or one of netsaga's own.
        Permanent: The device is reached by a command line.
        RejectedByDevice: The device refused it; nothing was done.
        OutcomeUnknown: The link died meanwhile, in this attempt or in an earlier one.
    """
    checked = _checked(operation)
    done = await journal.read(OUTCOME)
    if done is not None:
        return str(done["answer"])
    if await journal.read(INTENT) is not None:
        raise OutcomeUnknown(
            f"{device.host}: an earlier attempt has sent <{_name(checked)}> and did not see its end. It is not sent "
            "again; look at the device."
        )
    device.demand_operations()
    await journal.write(INTENT, {"operation": redact(checked)})
    with under_way(device.host, f"<{_name(checked)}>"):
        said = redact(await _carried_out(device, checked, effect=True))
    await journal.write(OUTCOME, {"answer": said})
    return said


async def _carried_out(device: Dialogue, operation: str, *, effect: bool) -> str:
    reply = await device.rpc(operation, effect=effect)
    error = nc.refused(device, reply)
    if error is not None:
        raise RejectedByDevice(f"{device.host}: <{_name(operation)}> was refused: {error.words}.")
    return xmltree.written(nc.answer(device, reply), xmltree.BASE)


def _checked(operation: str) -> str:
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", operation).strip()
    try:
        root = xmltree.read(f'<rpc xmlns="{xmltree.BASE}">{text}</rpc>')
    except ValueError as error:
        raise InvalidInput(f"the operation is no XML that can be sent: {error}.") from error
    if len(root.children) != 1:
        raise InvalidInput(f"`rpc` takes one operation, and this text holds {len(root.children)}.")
    name = root.children[0].name
    if name == "rpc":
        raise InvalidInput("give the operation alone; netsaga puts <rpc> around it.")
    if name in _OURS:
        raise InvalidInput(
            f"<{name}> is not for `rpc`: a configuration is changed by `propose` and `apply`, or `configure`, and "
            "saved by `save`, so that it is locked, shown and can be taken back."
        )
    return text


def _name(operation: str) -> str:
    found = re.match(r"<(?:[\w.-]+:)?([\w.-]+)", operation)
    return found[1] if found else "?"
