"""Ansible inventories: the file, and the ``group_vars`` and ``host_vars`` beside it, merged as Ansible merges them.

``ansible_host`` is the address, ``ansible_port`` the port, ``ansible_network_os`` the platform (``platform`` wins over
it); ``site``, ``role``, ``tags``, ``maintenance``, ``credential`` and ``pool`` are taken by those names, and any
other variable that does not begin with ``ansible_`` is ``device.data``. Credentials are not read: they come from the
worker's secret store. Not evaluated: templates. A variable with ``{{`` in it is left out, so that using it is an error
and never a wrong value, and an address or platform written so is refused. ``ansible_group_priority`` is not heeded.

Source: docs.ansible.com, "Using variables" (precedence 3 to 10) and "How to build your inventory".
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from activities.inventory.ansible_files import Group, Groups, Vars, read_groups
from activities.inventory.platforms import platform_called
from activities.inventory.reading import Vaulted, read_devices, yaml_map
from activities.inventory.source import InventoryError, check_name, device_from, unique
from workflows.contracts import Device

FIELDS: Final = ("site", "role", "tags", "maintenance", "credential", "pool")
IMPLICIT: Final = ("all", "ungrouped")


class AnsibleInventory:
    """`InventorySource` over one inventory file, INI or YAML.

    Args:
        path: The file; in a folder, the first of ``hosts``, ``hosts.yml``, ``hosts.yaml``, ``inventory.…``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    async def devices(self) -> list[Device]:
        """All devices of the inventory."""
        return await read_devices(self.path, _read)


def _read(path: Path) -> list[Device]:
    file = _file_in(path)
    groups = read_groups(file)
    depths = _depths(groups, file)
    members = _members(groups)
    ordered = sorted(depths, key=lambda name: (depths[name], name))
    inline = {name: groups[name].vars for name in ordered}
    beside = {name: _vars_beside(file.parent, "group_vars", name) for name in ordered}
    found = []
    for host in dict.fromkeys(host for group in groups.values() for host in group.hosts):
        check_name(host, str(file))
        mine = [name for name in ordered if name == "all" or host in members[name]]
        facts: Vars = {}
        for layer in (*(inline[name] for name in mine), *(beside[name] for name in mine)):
            facts.update(layer)
        for name in mine:
            facts.update(groups[name].hosts.get(host, {}))
        facts.update(_vars_beside(file.parent, "host_vars", host))
        found.append(_device(host, facts, [name for name in mine if name not in IMPLICIT], file))
    return unique(found, str(file))


def _file_in(path: Path) -> Path:
    if not path.is_dir():
        return path
    names = [f"{stem}{suffix}" for stem in ("hosts", "inventory") for suffix in ("", ".yml", ".yaml", ".ini")]
    for name in names:
        if (path / name).is_file():
            return path / name
    raise InventoryError(f"{path} is a folder without an inventory; expected one of {', '.join(names)} in it.")


def _depths(groups: Groups, file: Path) -> dict[str, int]:
    """How far each group is below ``all``, by its longest way; deeper groups win."""
    depths: dict[str, int] = {"all": 0}
    below = {child for group in groups.values() for child in group.children}

    def descend(name: str, depth: int, above: tuple[str, ...]) -> None:
        if name in above:
            raise InventoryError(f"{file}: groups contain each other: {' → '.join((*above, name))}.")
        if depths.get(name, -1) >= depth and name != "all":
            return
        depths[name] = max(depth, depths.get(name, 0))
        for child in groups[name].children:
            descend(child, depth + 1, (*above, name))

    descend("all", 0, ())
    for name in groups:
        if name not in below and name != "all":
            descend(name, 1, ())
    for name in groups:
        if name not in depths:  # only reachable from itself
            descend(name, 1, ())
    return depths


def _members(groups: Groups) -> dict[str, set[str]]:
    """Each group's hosts, those of its children included."""

    def hosts(name: str) -> Iterator[str]:
        group: Group = groups[name]
        yield from group.hosts
        for child in group.children:
            yield from hosts(child)

    return {name: set(hosts(name)) for name in groups}


def _vars_beside(folder: Path, kind: str, name: str) -> Vars:
    """The variables of ``group_vars/NAME`` or ``host_vars/NAME``: one file, or all files of a folder by name."""
    facts: Vars = {}
    if "/" in name or name in {".", ".."}:
        return facts
    for suffix in ("", ".yml", ".yaml", ".json"):
        path = folder / kind / f"{name}{suffix}"
        if path.is_file():
            facts.update(yaml_map(path))
        elif not suffix and path.is_dir():
            for part in sorted(path.iterdir()):
                if part.suffix in {".yml", ".yaml", ".json", ""} and part.is_file():
                    facts.update(yaml_map(part))
    return facts


def _device(host: str, variables: Vars, groups: list[str], file: Path) -> Device:
    where = f"{file}: host {host!r}"
    taken = {key: value for key, value in variables.items() if not key.startswith("ansible_") or key in _CONNECTION}
    for key, value in taken.items():
        if _vaulted(value):
            raise InventoryError(
                f"{where}: `{key}` is encrypted with Ansible Vault, which netsaga does not open. Keep secrets in the "
                "worker's `credentials`, or remove the variable from this host."
            )
    platform = _plain(taken, "platform", where) or _plain(taken, "ansible_network_os", where) or ""
    facts: dict[str, object] = {
        "name": host,
        "address": _plain(taken, "ansible_host", where) or host,
        "platform": platform_called(platform) if isinstance(platform, str) else platform,
        "groups": tuple(groups),
    }
    if (port := _plain(taken, "ansible_port", where)) is not None:
        facts["port"] = port
    for name in FIELDS:
        if (value := _plain(taken, name, where)) is not None:
            facts[name] = value
    own = {key: value for key, value in taken.items() if key not in (*_CONNECTION, *FIELDS, "platform")}
    facts["data"] = {key: value for key, value in own.items() if not _templated(value)}
    return device_from(facts, str(file))


_CONNECTION: Final = ("ansible_host", "ansible_port", "ansible_network_os")


def _plain(variables: Vars, name: str, where: str) -> object:
    value = variables.get(name)
    if _templated(value):
        raise InventoryError(
            f"{where}: `{name}` is the template {value!r}, which netsaga does not evaluate. Write its value."
        )
    return value


def _templated(value: object) -> bool:
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def _vaulted(value: object) -> bool:
    match value:
        case Vaulted():
            return True
        case dict():
            return any(_vaulted(item) for item in value.values())
        case list():
            return any(_vaulted(item) for item in value)
        case _:
            return False
