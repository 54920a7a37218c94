"""NETCONF's operations in words of ours: what is sent, and what each kind of error means (RFC 6241, 7, 8 and annex A).

Functions over a `Dialogue`; the order in which they are used is `netconf.py`'s.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape

from activities.deviceinteraction.config import xmltree
from activities.deviceinteraction.config.xmltree import Element
from activities.deviceinteraction.failures import CheckFailed, ConfigLocked, Permanent, RejectedByDevice
from activities.deviceinteraction.platforms.dialogue import Dialogue

Store = Literal["running", "candidate", "startup"]
_CAPABILITY: Final = "urn:ietf:params:netconf:capability:"
_SOMEBODY: Final = frozenset({"lock-denied", "in-use", "resource-denied"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An ``rpc-error``: its tag, its words, and who holds a lock where that is said."""

    tag: str
    words: str
    session: str = ""  # 0: nobody who speaks NETCONF


def capability(device: Dialogue, name: str) -> str | None:
    """The URI with which the device says that it has a capability, such as ``candidate:1.0``; ``None`` otherwise."""
    wanted = f"{_CAPABILITY}{name}"
    return next((uri for uri in device.netconf.capabilities if uri.partition("?")[0] == wanted), None)


def speaks(device: Dialogue, namespace: str) -> bool:
    """Whether the device says that it has a data model."""
    return any(uri.partition("?")[0] == namespace for uri in device.netconf.capabilities)


def refused(device: Dialogue, reply: str) -> Refusal | None:
    """The first error of a reply; warnings are none.

    Raises:
        CheckFailed: The reply is no XML.
    """
    for error in _read(device, reply).every("rpc-error"):
        if error.value("error-severity") != "warning":
            tag = error.value("error-tag")
            said = [error.value("error-message"), error.value("error-path")]
            words = ", ".join(part for part in (tag, *said) if part)
            return Refusal(tag, " ".join(words.split()), error.value("error-info", "session-id"))
    return None


async def ask(device: Dialogue, operation: str, *, effect: bool = False) -> Refusal | None:
    """Carry an operation out; why it was refused, or ``None``."""
    return refused(device, await device.rpc(operation, effect=effect))


async def data(device: Dialogue, operation: str) -> tuple[Element, ...]:
    """The elements that a ``get`` or ``get-config`` answers with.

    Raises:
        RejectedByDevice: The device refused it.
        CheckFailed: The reply holds no data.
    """
    reply = await device.rpc(operation)
    root = _read(device, reply)
    error = refused(device, reply)
    if error is not None:
        raise RejectedByDevice(f"{device.host}: reading was refused: {error.words}.")
    found = root.find("data")
    if found is None:
        raise CheckFailed(
            f"{device.host}: a read was answered without data; this is no NETCONF server that can be used."
        )
    return found.children


def answer(device: Dialogue, reply: str) -> tuple[Element, ...]:
    """What stands in a reply."""
    return _read(device, reply).children


async def config(device: Dialogue, store: Store) -> tuple[Element, ...]:
    """A datastore as the device has it."""
    return await data(device, f"<get-config><source><{store}/></source></get-config>")


async def subtree(device: Dialogue, *filters: str) -> tuple[Element, ...]:
    """State and configuration beneath some elements, each given as XML (RFC 6241, 6)."""
    return await data(device, f'<get><filter type="subtree">{"".join(filters)}</filter></get>')


async def lock(device: Dialogue, store: Store) -> None:
    """Take a datastore's lock, once.

    Raises:
        ConfigLocked: Somebody holds it, has changed the candidate, or waits for the confirmation of a commit.
        Permanent: The device refuses for another reason.
    """
    if store in device.netconf.locked:
        return
    error = await ask(device, f"<lock><target><{store}/></target></lock>", effect=True)
    if error is None:
        device.netconf.locked.add(store)
    elif error.tag in _SOMEBODY:
        raise locked(device, error)
    else:
        raise Permanent(f"{device.host}: the lock of {store} was refused: {error.words}. Check the user's rights.")


async def unlock(device: Dialogue, *stores: Store) -> None:
    """Give back the locks that this session holds; the end of the session does the same."""
    for store in stores:
        if store in device.netconf.locked:
            await ask(device, f"<unlock><target><{store}/></target></unlock>")
            device.netconf.locked.discard(store)


def locked(device: Dialogue, error: Refusal) -> ConfigLocked:
    """The failure for a configuration that is somebody else's for now."""
    holder = error.session if error.session not in {"", "0"} else None
    whose = f"session {holder}" if holder else "somebody else"
    return ConfigLocked(
        f"{device.host}: config locked by {whose}: {error.words}. Nothing was changed; it is tried again once that "
        "person or program is done.",
        holder=holder,
    )


def is_somebody(error: Refusal) -> bool:
    """Whether an operation was refused because of somebody else."""
    return error.tag in _SOMEBODY


def commit(timer_s: int | None, persist: str) -> str:
    """The operation that makes the candidate the running configuration, for good or until a timer ends (8.4)."""
    if timer_s is None:
        return "<commit/>"
    return (
        f"<commit><confirmed/><confirm-timeout>{timer_s}</confirm-timeout><persist>{escape(persist)}</persist></commit>"
    )


def confirming(persist: str) -> str:
    """The operation that lets a commit stay."""
    return f"<commit><persist-id>{escape(persist)}</persist-id></commit>"


def cancelling(persist: str) -> str:
    """The operation that takes a commit back before its timer does."""
    return f"<cancel-commit><persist-id>{escape(persist)}</persist-id></cancel-commit>"


def editing(device: Dialogue, fragment: str) -> str:
    """The operation that merges a ``config`` element into the candidate: checked first, and whole or not at all."""
    checked = "<test-option>test-then-set</test-option>" if capability(device, "validate:1.1") else ""
    whole = "<error-option>rollback-on-error</error-option>" if capability(device, "rollback-on-error:1.0") else ""
    return f"<edit-config><target><candidate/></target>{checked}{whole}{fragment}</edit-config>"


def validates_apart(device: Dialogue) -> bool:
    """Whether a candidate is validated by an operation of its own.

    Where an edit is checked as it is made that is left out: netconfd 2.13 takes a commit after it for an empty one,
    says ``ok`` and changes nothing.
    """
    return capability(device, "validate:1.1") is None and capability(device, "validate:1.0") is not None


def _read(device: Dialogue, reply: str) -> Element:
    try:
        return xmltree.read(re.sub(r"^\s*<\?xml[^>]*\?>", "", reply))
    except ValueError as error:
        raise CheckFailed(f"{device.host}: a reply cannot be read: {error}.") from error
