"""Finds the device that a command names: in the inventories of the settings, or as the command line describes it.

The same sources and credentials as a run would use, so that a probe speaks for a run.
"""

from dataclasses import dataclass
from difflib import get_close_matches

from activities.deviceinteraction.failures import DeviceFailure
from activities.deviceinteraction.model import Target
from activities.inventory.platforms import platform_called
from activities.inventory.source import InventoryError
from activities.secrets.store import SecretError
from activities.targets import target_of
from worker.ports import inventories, secrets, ways
from worker.settings import Settings, SettingsError
from workflows.contracts import Device
from workflows.plan import HostName as PlanHostName
from workflows.suggest import did_you_mean


class TargetError(SettingsError):
    """A device that cannot be found or logged in to with these settings; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A device as somebody names it. ``platform`` is for a host in no inventory; ``address`` defaults to its name."""

    host: str
    inventory: str | None = None
    credential: str | None = None
    platform: str | None = None
    address: str | None = None
    port: int = 22


async def find_target(settings: Settings, wanted: Wanted) -> Target:
    """The device with its credential.

    Raises:
        TargetError: No inventory has it, several credentials could be meant, or a source cannot be read.
    """
    device = _described(wanted) if wanted.platform else await _found(settings, wanted)
    name = wanted.credential or device.credential or _only_credential(settings, device.name)
    try:
        return await target_of(device, name, ways(settings), secrets(settings))
    except (SecretError, DeviceFailure) as error:
        raise TargetError(str(error)) from error


def _described(wanted: Wanted) -> Device:
    assert wanted.platform is not None
    return Device(
        name=PlanHostName(wanted.host),
        platform=platform_called(wanted.platform),
        address=wanted.address or wanted.host,
        port=wanted.port,
    )


async def _found(settings: Settings, wanted: Wanted) -> Device:
    sources = inventories(settings)
    if wanted.inventory is not None:
        if wanted.inventory not in sources:
            raise TargetError(
                f"inventory {wanted.inventory!r} is not in the settings; "
                + did_you_mean(wanted.inventory, sources, "there are")
            )
        sources = {wanted.inventory: sources[wanted.inventory]}
    known: dict[str, Device] = {}
    for source in sources.values():
        try:
            known = {device.name: device for device in await source.devices()} | known
        except InventoryError as error:
            raise TargetError(str(error)) from error
    if wanted.host not in known:
        where = f"the inventory {wanted.inventory}" if wanted.inventory else "any inventory of the settings"
        near = get_close_matches(wanted.host, known, n=1)  # never all of them: an inventory is long
        hint = f"did you mean `{near[0]}`? " if near else ""
        raise TargetError(
            f"host {wanted.host!r} is not in {where}; {hint}For a host in none, say --platform and --address."
        )
    return known[wanted.host]


def _only_credential(settings: Settings, host: str) -> str:
    """The credential that is meant where neither the device nor the command names one: the only one there is."""
    if len(settings.credentials) == 1:
        return next(iter(settings.credentials))
    raise TargetError(
        f"{host} names no credential, and the settings have {', '.join(settings.credentials) or 'none'}; "
        "say --credential NAME, or name one for the host, its group or the inventory's defaults."
    )
