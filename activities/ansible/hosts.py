"""The run's own devices as an inventory for Ansible: where each is, what drives it, and what identifies us to it.

Groups are ``platform_X``, ``site_X``, ``role_X``, ``tag_X`` and the devices' own groups; what the inventory says of a
device is its variable ``netsaga``. Connection and network OS are variables of the platforms' groups, so that the
``group_vars`` beside the playbook may say otherwise ("Variable precedence" in Ansible's manual).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue, SecretStr

from activities.ansible.private import as_yaml, variables, write_private
from activities.deviceinteraction.model import Credential, PlatformName
from activities.secrets.store import SecretError, SecretStore
from workflows.contracts import Device

_CLI: Final = "ansible.netcommon.network_cli"
# From Ansible's "Platform options", and the pages of the collections that are named.
PLATFORMS: Final[Mapping[PlatformName, Mapping[str, str]]] = {
    "cisco_iosxe": {"ansible_connection": _CLI, "ansible_network_os": "cisco.ios.ios"},
    "cisco_iosxr": {"ansible_connection": _CLI, "ansible_network_os": "cisco.iosxr.iosxr"},
    "cisco_nxos": {"ansible_connection": _CLI, "ansible_network_os": "cisco.nxos.nxos"},
    "arista_eos": {"ansible_connection": _CLI, "ansible_network_os": "arista.eos.eos"},
    "juniper_junos": {
        "ansible_connection": "ansible.netcommon.netconf",
        "ansible_network_os": "junipernetworks.junos.junos",
    },
}
_GROUP: Final = re.compile(r"[^A-Za-z0-9_]")


async def write_hosts(
    folder: Path, devices: Iterable[Device], secrets: SecretStore, credential: str | None
) -> tuple[Path, list[str]]:
    """Write the inventory of a run.

    Args:
        folder: Private; keys are written into it too.
        devices: Whom the run is about.
        secrets: What identifies us to them.
        credential: The name of it for devices that name none; ``None`` leaves that to Ansible's own configuration.

    Returns:
        The file, and all that is secret in it.

    Raises:
        SecretError: A credential cannot be had, or cannot be handed to Ansible.
    """
    hosts: dict[str, object] = {}
    groups: dict[str, list[str]] = {}
    known: dict[str, Mapping[str, str]] = {}
    secret: set[str] = set()
    for device in devices:
        name = device.credential or credential
        if name is not None and name not in known:
            one = await secrets.credential(name)
            known[name] = _identity(folder, len(known), name, one)
            secret |= set(_secrets_of(one))
        hosts[device.name] = variables({**_where(device), **(known[name] if name else {})})
        for group in _groups(device):
            groups.setdefault(group, []).append(device.name)
    children = {group: _group(group, members) for group, members in groups.items()}
    text = as_yaml({"all": {"hosts": hosts, "children": children}})
    return write_private(folder / "hosts.yaml", text), sorted(secret)


def _where(device: Device) -> dict[str, JsonValue]:
    facts = device.model_dump(mode="json", exclude={"credential", "maintenance", "pool"})
    return {"ansible_host": device.address, "ansible_port": device.port, "netsaga": facts}


def _groups(device: Device) -> Iterator[str]:
    said = (("platform", device.platform), ("site", device.site), ("role", device.role))
    named = [f"{kind}_{value}" for kind, value in said if value]
    for name in (*named, *(f"tag_{tag}" for tag in device.tags), *device.groups):
        group = _GROUP.sub("_", name)  # what Ansible accepts as a group's name
        if group not in {"all", "ungrouped"}:
            yield group


def _group(group: str, members: Sequence[str]) -> dict[str, object]:
    written: dict[str, object] = {"hosts": {host: {} for host in members}}
    options = next((said for platform, said in PLATFORMS.items() if group == f"platform_{platform}"), None)
    if options is not None:
        written["vars"] = variables(options)
    return written


def _identity(folder: Path, number: int, name: str, credential: Credential) -> dict[str, str]:
    """The variables that log in. Raises `SecretError` for what no variable of Ansible's can carry."""
    for field in ("passphrase", "certificate", "agent", "public_key"):
        if getattr(credential, field) is not None:
            raise SecretError(
                f"credential `{name}` has `{field}`, which cannot be handed to Ansible in an inventory; name an "
                "`inventory` of Ansible's own under `ansible` in the worker's settings, or another credential"
            )
    found = {"ansible_user": credential.username}
    if credential.password is not None:
        found["ansible_password"] = credential.password.get_secret_value()
    if credential.enable_secret is not None:
        found["ansible_become_password"] = credential.enable_secret.get_secret_value()
    if credential.private_key is not None:
        key = credential.private_key.get_secret_value().rstrip("\n") + "\n"  # OpenSSH wants it to end a line
        found["ansible_ssh_private_key_file"] = str(write_private(folder / f"key-{number}", key))
    return found


def _secrets_of(credential: Credential) -> Iterator[str]:
    fields: tuple[SecretStr | None, ...] = (credential.password, credential.enable_secret, credential.private_key)
    return (field.get_secret_value() for field in fields if field is not None)
