"""Nornir's SimpleInventory: ``hosts.yaml``, ``groups.yaml`` and ``defaults.yaml`` in one folder.

Inheritance is Nornir's: a host wins over its groups depth first, an earlier group over a later one, and those over the
defaults. ``username``, ``password`` and ``connection_options`` are not read: credentials come from the worker's secret
store. ``site``, ``role``, ``tags``, ``maintenance``, ``credential`` and ``pool`` are taken from ``data``.

Source: nornir.readthedocs.io, "Inventory" (inheritance model).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from activities.inventory.platforms import platform_called
from activities.inventory.reading import as_map, as_names, only, read_devices, yaml_map
from activities.inventory.source import InventoryError, check_name, device_from, unique
from workflows.contracts import Device
from workflows.suggest import did_you_mean

KNOWN: Final = (
    "name",
    "hostname",
    "port",
    "username",
    "password",
    "platform",
    "groups",
    "data",
    "connection_options",
)
FROM_DATA: Final = ("site", "role", "tags", "maintenance", "credential", "pool")


class NornirInventory:
    """`InventorySource` over a folder.

    Args:
        path: The folder, or the ``hosts.yaml`` in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    async def devices(self) -> list[Device]:
        """All devices of the folder."""
        return await read_devices(self.path, _read)


def _read(path: Path) -> list[Device]:
    hosts_file = _beside(path, "hosts") if path.is_dir() else path
    folder = hosts_file.parent
    groups = _entries(_beside(folder, "groups"), missing_ok=True)
    defaults_file = _beside(folder, "defaults")
    defaults = yaml_map(defaults_file) if defaults_file.exists() else {}
    only(defaults, KNOWN, str(defaults_file))
    found = []
    for name, host in _entries(hosts_file, missing_ok=False).items():
        where = f"{hosts_file}: host {name!r}"
        check_name(name, str(hosts_file))
        parents = list(_parents(host, groups, where, ()))
        layers = [host, *(groups[parent] for parent in parents), defaults]
        found.append(device_from(_facts(name, layers, parents, where), str(hosts_file)))
    return unique(found, str(hosts_file))


def _beside(folder: Path, stem: str) -> Path:
    other = folder / f"{stem}.yml"
    return other if other.exists() else folder / f"{stem}.yaml"


def _entries(path: Path, *, missing_ok: bool) -> dict[str, dict[str, object]]:
    if missing_ok and not path.exists():
        return {}
    entries = {name: as_map(facts, f"{path}: {name!r}") for name, facts in yaml_map(path).items()}
    for name, facts in entries.items():
        only(facts, KNOWN, f"{path}: {name!r}")
    return entries


def _parents(
    entry: Mapping[str, object], groups: Mapping[str, dict[str, object]], where: str, above: tuple[str, ...]
) -> Iterator[str]:
    """The groups of an entry and theirs, depth first, as Nornir resolves them."""
    for name in as_names(entry.get("groups"), f"{where}: groups"):
        if name not in groups:
            raise InventoryError(f"{where}: group `{name}` is not defined; {did_you_mean(name, groups, 'groups are')}")
        if name in above:
            raise InventoryError(f"{where}: groups contain each other: {' → '.join((*above, name))}.")
        yield name
        yield from _parents(groups[name], groups, where, (*above, name))


def _facts(name: str, layers: list[dict[str, object]], groups: list[str], where: str) -> dict[str, object]:
    first: dict[str, object] = {}
    data: dict[str, object] = {}
    for layer in reversed(layers):
        first.update({key: value for key, value in layer.items() if value is not None})
        data.update(as_map(layer.get("data"), f"{where}: data"))
    platform = first.get("platform", "")
    facts: dict[str, object] = {
        "name": name,
        "address": first.get("hostname", name),
        "platform": platform_called(platform) if isinstance(platform, str) else platform,
        "groups": tuple(dict.fromkeys(groups)),
        "data": data,
    }
    if "port" in first:
        facts["port"] = first["port"]
    return facts | {key: data[key] for key in FROM_DATA if key in data}
