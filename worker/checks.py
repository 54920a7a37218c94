"""Looks whether what the settings name is really there: files, folders, variables, programs.

It reads through the same adapters as a run does, so that its answer is worth something, and keeps nothing of what it
read. Programs that yield credentials are not started: they may ask somebody, or leave a trace in an audit log.
"""

import os
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from activities.ansible.running import program_of
from activities.inventory.source import InventoryError
from activities.secrets.store import SecretError
from worker.engines import AnsibleSettings, ScriptSettings
from worker.ports import host_keys, inventories, secrets
from worker.settings import CommandCredential, FileNotification, Settings, SystemSettings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its place in the settings, whether a run could use it, and what was found."""

    place: str
    fine: bool
    found: str


async def look(settings: Settings) -> list[Finding]:
    """All findings, in the order of the settings."""
    findings = [_folder("artifacts.path", settings.artifacts.path)]
    findings += [_definitions(f"definitions[{n}]", path) for n, path in enumerate(settings.definitions)]
    findings += [finding async for finding in _inventories(settings)]
    findings += [finding async for finding in _credentials(settings)]
    findings += [
        _folder(f"notify.{name}", target.path.parent)
        for name, target in settings.notify.items()
        if isinstance(target, FileNotification)
    ]
    findings += [_authorities(name, system) for name, system in settings.systems.items() if system.verify is not True]
    findings += [_script(name, script) for name, script in settings.scripts.items()]
    findings += [_playbook(name, playbook) for name, playbook in settings.ansible.items()]
    if settings.telnet == "allow":
        findings.append(Finding("telnet", fine=True, found="devices may be reached in clear text: for labs only"))
    return [*findings, _host_keys(settings), *_device_authorities(settings)]


def _authorities(name: str, system: SystemSettings) -> Finding:
    place, path = f"systems.{name}.verify", Path(str(system.verify))
    if not path.exists():
        return Finding(place, fine=False, found=f"there is no file {path}")
    return Finding(place, fine=True, found=str(path))


def _script(name: str, script: ScriptSettings) -> Finding:
    """Whether it could be started. It is not; and a function is only found by importing it."""
    place = f"scripts.{name}"
    if not script.folder.is_dir():
        return Finding(place, fine=False, found=f"there is no folder {script.folder}")
    if script.command is None:
        return Finding(place, fine=True, found=f"{script.function} (not imported now)")
    program = script.command[0]
    found = shutil.which(script.folder / program if "/" in program else program)
    said = f"{found} (not started now)" if found else f"there is no program {program!r} that can be executed"
    return Finding(place, fine=found is not None, found=said)


def _playbook(name: str, playbook: AnsibleSettings) -> Finding:
    """Whether its files are there, and a program that could run it. It is not started, and its content not read."""
    place = f"ansible.{name}"
    if not playbook.playbook.is_file():
        return Finding(place, fine=False, found=f"there is no file {playbook.playbook}")
    folder = playbook.folder or playbook.playbook.parent
    if not folder.is_dir():
        return Finding(place, fine=False, found=f"there is no folder {folder}")
    if playbook.inventory is not None and not playbook.inventory.exists():
        return Finding(place, fine=False, found=f"there is no inventory {playbook.inventory}")
    named = program_of(playbook.program)
    found = shutil.which(folder / named if "/" in named else named)
    said = f"{playbook.playbook} by {found} (not started now)" if found else f"there is no program {named!r}"
    return Finding(place, fine=found is not None, found=said)


def _folder(place: str, path: Path) -> Finding:
    """A folder that is, or can be, created and written."""
    nearest = next(folder for folder in (path, *path.parents) if folder.exists())
    if not nearest.is_dir():
        return Finding(place, fine=False, found=f"{nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(place, fine=False, found=f"{nearest} cannot be written by this user")
    return Finding(place, fine=True, found=f"{path} can be written")


def _definitions(place: str, path: Path) -> Finding:
    if not path.is_dir():
        return Finding(place, fine=False, found=f"there is no folder {path}")
    return Finding(place, fine=True, found=f"{path} holds {len(list(path.glob('*.yaml')))} definition files")


async def _inventories(settings: Settings) -> AsyncIterator[Finding]:
    for name, source in inventories(settings).items():
        place = f"inventories.{name}"
        try:
            devices = await source.devices()
        except InventoryError as error:
            yield Finding(place, fine=False, found=str(error))
        else:
            lacking: dict[str, str] = {}  # what runs would be refused for, and the first device that names it
            for device in devices:
                if device.credential is not None and device.credential not in settings.credentials:
                    lacking.setdefault(device.credential, f"`{device.credential}` (of {device.name})")
            said = f"; `credentials` lacks {', '.join(lacking.values())}" if lacking else ""
            yield Finding(place, fine=not lacking, found=f"{len(devices)} devices{said}")


async def _credentials(settings: Settings) -> AsyncIterator[Finding]:
    store = secrets(settings)
    for name, source in settings.credentials.items():
        place = f"credentials.{name}"
        if isinstance(source, CommandCredential):
            program = shutil.which(source.command[0])
            found = f"{program} (not started now)" if program else f"there is no program {source.command[0]!r}"
            yield Finding(place, fine=program is not None, found=found)
            continue
        systems = any(system.credential == name for system in settings.systems.values())
        try:
            await (store.access(name) if systems else store.credential(name))
        except SecretError as error:
            yield Finding(place, fine=False, found=str(error))
        else:
            yield Finding(place, fine=True, found="complete")


def _host_keys(settings: Settings) -> Finding:
    keys = host_keys(settings.ssh)
    if keys.policy == "accept_any" or keys.known_hosts is None:
        return Finding("ssh.host_keys", fine=True, found="any host key is accepted: for labs only")
    if not Path(keys.known_hosts).is_file():
        return Finding("ssh.known_hosts", fine=False, found=f"there is no file {keys.known_hosts}")
    return Finding("ssh.known_hosts", fine=True, found=keys.known_hosts)


def _device_authorities(settings: Settings) -> Iterator[Finding]:
    """The files that prove devices over HTTPS, where some are named."""
    named = {"tls.ca": settings.tls.ca} if settings.tls.ca is not None else {}
    named |= {f"tls.authorities.{name}": path for name, path in settings.tls.authorities.items()}
    for place, path in named.items():
        try:
            held = len(ssl.create_default_context(cafile=str(path)).get_ca_certs())
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or type(error).__name__
            yield Finding(place, fine=False, found=f"{path} cannot be read as certificates in PEM: {why}")
        else:
            yield Finding(place, fine=held > 0, found=f"{path}, {held} authorities")
