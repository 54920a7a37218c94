"""netsaga's own inventory format: ``hosts``, ``groups`` and ``defaults`` in one YAML file.

A host wins over its groups, an earlier group over a later one, a group over ``defaults``; ``data`` is merged key by
key, everything else as a whole. How a device is reached (`REACHED`) may stand beside ``port``: it is ``data`` of the
same name, as other inventories write it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from activities.inventory.reading import as_map, as_names, only, read_devices, yaml_map
from activities.inventory.source import InventoryError, check_name, device_from, unique
from workflows.contracts import Device
from workflows.suggest import did_you_mean

REACHED: Final = ("proxy", "transport", "ssh_algorithms", "tls_ca", "tls_fingerprint", "restconf_root")
SHARED: Final = ("platform", "port", "site", "role", "tags", "maintenance", "credential", "pool", "data", *REACHED)


class YamlInventory:
    """`InventorySource` over one file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    async def devices(self) -> list[Device]:
        """All devices of the file."""
        return await read_devices(self.path, _read)


def _read(path: Path) -> list[Device]:
    document = yaml_map(path)
    only(document, ("hosts", "groups", "defaults"), str(path))
    defaults = as_map(document.get("defaults"), f"{path}: defaults")
    only(defaults, SHARED, f"{path}: defaults")
    groups = {
        name: as_map(facts, f"{path}: group {name!r}")
        for name, facts in as_map(document.get("groups"), f"{path}: groups").items()
    }
    for name, facts in groups.items():
        only(facts, SHARED, f"{path}: group {name!r}")
    found = []
    for name, own in as_map(document.get("hosts"), f"{path}: hosts").items():
        check_name(name, str(path))
        host = as_map(own, f"{path}: host {name!r}")
        if "name" in host:
            raise InventoryError(f"{path}: host {name!r}: `name` is the key above; remove it.")
        members = as_names(host.get("groups"), f"{path}: host {name!r}: groups")
        for group in members:
            if group not in groups:
                near = did_you_mean(group, groups, "groups are")
                raise InventoryError(f"{path}: host {name!r}: group `{group}` is not defined; {near}")
        layers = [host, *(groups[group] for group in members), defaults]
        found.append(device_from({"name": name, **merged(layers, f"{path}: host {name!r}")}, str(path)))
    return unique(found, str(path))


def merged(layers: list[dict[str, object]], where: str) -> Mapping[str, object]:
    """Facts of several layers, the first of them strongest; ``data`` key by key.

    Raises:
        InventoryError: A layer's ``data`` is no map, or says another thing than the layer itself.
    """
    facts: dict[str, object] = {}
    data: dict[str, object] = {}
    for layer in reversed(layers):
        facts.update({key: value for key, value in layer.items() if key not in REACHED})
        data.update(_data(layer, where))
    return {**facts, "data": data}


def _data(layer: Mapping[str, object], where: str) -> dict[str, object]:
    data = as_map(layer.get("data"), f"{where}: data")
    for key in REACHED:
        if key not in layer:
            continue
        if key in data and data[key] != layer[key]:
            raise InventoryError(f"{where}: `{key}` and `data.{key}` say different things; keep one of them.")
        data[key] = layer[key]
    return data
