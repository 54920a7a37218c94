"""The port of inventory sources, and the rules that every device of every source must keep.

Adapters read; they execute nothing, resolve no templates and hold no credentials: a device names a credential, and the
worker's secret store has it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from pydantic import ValidationError

from workflows.contracts import POOL, POOL_HELP, Device
from workflows.suggest import did_you_mean

LONGEST_NAME: Final = 200
FIELDS: Final = dict.fromkeys(Device.model_fields)  # in their order


class InventoryError(RuntimeError):
    """A source that cannot be read or says something impossible; the message names the file, the host and the fix."""


class InventorySource(Protocol):
    """A source of truth about devices, read once in a run."""

    async def devices(self) -> list[Device]:
        """All devices of the source, each name once.

        Raises:
            InventoryError: It cannot be read, or a device in it is not as demanded.
        """
        ...


def device_from(facts: Mapping[str, object], where: str) -> Device:
    """A device from merged facts.

    Args:
        facts: By field of `Device`, the name included.
        where: The file and what stands in it, for messages.

    Raises:
        InventoryError: A field is unknown, missing or of another type.
    """
    name = facts.get("name")
    place = f"{where}: host {name!r}"
    check_name(name, where)
    for key in facts:
        if key not in FIELDS:
            raise InventoryError(
                f"{place}: `{key}` is not known; {did_you_mean(str(key), FIELDS, 'known are')} "
                "Facts of your own belong under `data`."
            )
    try:
        device = Device.model_validate(dict(facts))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        found = "nothing" if first["type"] == "missing" else repr(first["input"])[:80]
        raise InventoryError(f"{place}: `{field}`: {first['msg']}; found {found}.") from None
    if _unprintable(device.address) or not device.address.strip():
        raise InventoryError(f"{place}: `address` is {device.address!r}; expected an IP address or a DNS name.")
    if not 1 <= device.port <= 65_535:
        raise InventoryError(f"{place}: `port` is {device.port}; expected 1 to 65535.")
    if device.pool is not None and not re.fullmatch(POOL, device.pool):
        raise InventoryError(f"{place}: `pool` is {device.pool!r}; expected {POOL_HELP}.")
    return device


def check_name(name: object, where: str) -> None:
    """Refuse a host name that would be unsafe in a terminal, a path or a list.

    Raises:
        InventoryError: It is no text, too long, or has control characters, blanks or commas in it.
    """
    if not isinstance(name, str) or not name:
        raise InventoryError(
            f"{where}: a host is called {name!r}; expected text (quote a name that looks like a number)."
        )
    if _unprintable(name) or re.search(r"[\s,]", name):
        raise InventoryError(f"{where}: host {name!r} has a control character, a blank or a comma in its name.")
    if len(name) > LONGEST_NAME:
        raise InventoryError(
            f"{where}: host {name[:40]!r}… has {len(name)} characters; at most {LONGEST_NAME} are taken."
        )


def unique(devices: Iterable[Device], where: str) -> list[Device]:
    """The devices, each name once.

    Raises:
        InventoryError: A name stands twice, or in two spellings that differ only in case.
    """
    seen: dict[str, str] = {}
    kept: list[Device] = []
    for device in devices:
        other = seen.setdefault(device.name.casefold(), device.name)
        if other != device.name:
            raise InventoryError(f"{where}: hosts {other!r} and {device.name!r} differ only in case; rename one.")
        kept.append(device)
    if len(seen) != len(kept):
        twice = Counter(device.name for device in kept).most_common(1)[0][0]
        raise InventoryError(f"{where}: host {twice!r} stands there twice; keep one of them.")
    return kept


def _unprintable(text: str) -> bool:
    if text.isprintable():
        return False  # the quick way; what is not for printing may still be none of these
    return any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in text)
