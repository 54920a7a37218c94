"""From settings to adapters: which store, which inventories, which secrets stand behind the activities' ports.

One `match` per kind of adapter and nothing else; what an adapter does is its own business.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, assert_never

from activities.ansible.running import Playbook
from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError
from activities.awx.launching import Launch
from activities.definitions import Definitions
from activities.deviceinteraction.model import HostKeys
from activities.deviceinteraction.transport.pool import Pool
from activities.files import Files
from activities.inventory.ansible import AnsibleInventory
from activities.inventory.csv_file import CsvInventory
from activities.inventory.nornir import NornirInventory
from activities.inventory.source import InventorySource
from activities.inventory.yaml_file import YamlInventory
from activities.notify import FileTarget, LogTarget, NotifyTarget
from activities.prepare import Knowledge, Programs
from activities.registry import Activities
from activities.scripts import Script
from activities.secrets.command import CommandSecret
from activities.secrets.environment import EnvironmentSecret
from activities.secrets.file import FileSecret
from activities.secrets.store import NamedSecrets, SecretSource
from activities.sessions import Sessions, Sites
from activities.systems import System, Systems
from activities.targets import ProxyAt, Ways
from worker.engines import AnsibleSettings, AwxSettings, ScriptSettings
from worker.settings import (
    CommandCredential,
    CredentialSettings,
    EnvironmentCredential,
    FileCredential,
    FileNotification,
    GuardSettings,
    InventorySettings,
    LogNotification,
    NotifySettings,
    Settings,
    SettingsError,
    SshSettings,
    SystemSettings,
    TemporalSettings,
)
from workflows.contracts import GuardPolicy

USER_KNOWN_HOSTS: Final = Path("~/.ssh/known_hosts")


def session_pool(settings: Settings) -> Pool | None:
    """Where sessions stay open between steps, if the settings let them; whoever asks for it closes it."""
    idle_s = settings.limits.session_idle
    return None if idle_s is None else Pool(timedelta(seconds=idle_s))


def build_activities(
    settings: Settings, *, search_attributes: bool, pool: Pool | None = None
) -> list[Callable[..., Any]]:
    """All activities, with the adapters that the settings name behind them.

    Args:
        settings: All but the server is read, and of the limits those of sessions.
        search_attributes: Whether the server knows ours.
        pool: Of sessions that stay open between steps.

    Raises:
        SettingsError: The artifact store cannot be used.
    """
    try:
        store = LocalArtifactStore(settings.artifacts.path)
    except ArtifactError as error:
        raise SettingsError(f"`artifacts.path`: {error}") from error
    knowledge = Knowledge(
        inventories=inventories(settings),
        groups=settings.groups,
        targets=frozenset(settings.notify),
        credentials=frozenset(settings.credentials),
        systems=systems(settings),
        scripts=Programs(
            script=frozenset(settings.scripts),
            ansible=frozenset(settings.ansible),
            awx=frozenset(settings.awx),
            on_devices=frozenset(name for name, playbook in settings.ansible.items() if playbook.inventory is None),
        ),
        search_attributes=search_attributes,
        history_events=settings.limits.history_events,
        guard=_guard(settings.guard),
    )
    return Activities(
        store=store,
        definitions=Definitions(settings.definitions),
        knowledge=knowledge,
        sessions=Sessions(
            secrets(settings),
            host_keys(settings.ssh),
            sites=Sites(settings.limits.sessions_per_site, settings.limits.sessions_per_device),
            files=Files(settings.files),
            ways=ways(settings),
            pool=pool,
        ),
        targets={name: _target(target) for name, target in settings.notify.items()},
        scripts={name: _script(script) for name, script in settings.scripts.items()},
        playbooks={name: _playbook(playbook) for name, playbook in settings.ansible.items()},
        launches={name: _launch(template) for name, template in settings.awx.items()},
        run_url=_run_url(settings.temporal),
    ).callables()


def _guard(guard: GuardSettings) -> GuardPolicy:
    return GuardPolicy(failures=guard.failures, within_s=guard.within, alert=guard.alert)


def _run_url(temporal: TemporalSettings) -> str:
    """Where the Web UI shows a run; ``{id}`` stands for its workflow id."""
    ui = temporal.ui
    return f"{ui.rstrip('/')}/namespaces/{temporal.namespace}/workflows/{{id}}" if ui else ""


def _target(target: NotifySettings) -> NotifyTarget:
    match target:
        case FileNotification():
            return FileTarget(target.path)
        case LogNotification():
            return LogTarget()
        case unknown:
            assert_never(unknown)


def systems(settings: Settings) -> Systems:
    """What `http` steps may call. Nothing is called yet."""
    return Systems({name: _system(system) for name, system in settings.systems.items()}, settings.allowed_urls)


def _system(system: SystemSettings) -> System:
    return System(
        url=system.url,
        credential=system.credential,
        headers=system.headers,
        token_header=system.token_header,
        token_scheme=system.token_scheme,
        ca=None if system.verify is True else system.verify,
        timeout_s=system.timeout,
        approval=system.approval.path if system.approval else None,
    )


def _script(script: ScriptSettings) -> Script:
    if script.command is not None:
        return Script(script.command, script.folder, script.environment, script.timeout)
    assert script.function is not None, "the settings demand one of the two"
    return Script.of_function(script.function, script.folder, script.environment, script.timeout)


def _playbook(playbook: AnsibleSettings) -> Playbook:
    return Playbook(
        playbook=playbook.playbook,
        folder=playbook.folder or playbook.playbook.parent,
        inventory=playbook.inventory,
        program=playbook.program,
        arguments=playbook.arguments,
        environment=playbook.environment,
        credential=playbook.credential,
        timeout_s=playbook.timeout,
        repeat=playbook.repeat,
    )


def _launch(template: AwxSettings) -> Launch:
    named = template.job_template if template.job_template is not None else template.workflow_job_template
    assert named is not None, "the settings demand one of the two"
    return Launch(
        system=template.system,
        kind="job_template" if template.job_template is not None else "workflow_job_template",
        template=named,
        organization=template.organization,
        api=template.api,
        timeout_s=template.timeout,
    )


def inventories(settings: Settings) -> dict[str, InventorySource]:
    """The sources of devices, by the names that definitions use. Nothing is read yet."""
    return {name: _inventory(source) for name, source in settings.inventories.items()}


def _inventory(source: InventorySettings) -> InventorySource:
    match source.kind:
        case "yaml":
            return YamlInventory(source.path)
        case "csv":
            return CsvInventory(source.path)
        case "ansible":
            return AnsibleInventory(source.path)
        case "nornir":
            return NornirInventory(source.path)
        case unknown:
            assert_never(unknown)


def secrets(settings: Settings) -> NamedSecrets:
    """The credentials, by the names that inventories and definitions use. Nothing is read yet."""
    return NamedSecrets({name: _secret(name, source) for name, source in settings.credentials.items()})


def _secret(name: str, source: CredentialSettings) -> SecretSource:
    match source:
        case EnvironmentCredential():
            return EnvironmentSecret(source.prefix)
        case FileCredential():
            return FileSecret(source.path, source.entry or name)
        case CommandCredential():
            return CommandSecret(source.command)
        case unknown:
            assert_never(unknown)


def ways(settings: Settings) -> Ways:
    """By which ways devices may be reached; the jump hosts by the names that devices use."""
    proxies = {name: ProxyAt(at.address, at.credential, at.port) for name, at in settings.ssh.proxies.items()}
    return Ways(proxies, settings.telnet, settings.tls.ca, settings.tls.authorities)


def host_keys(ssh: SshSettings) -> HostKeys:
    """How host keys are judged; without a file of our own, by the one of the user that the worker runs as."""
    if ssh.host_keys == "accept_any":
        return HostKeys(policy="accept_any")
    return HostKeys(policy="verify", known_hosts=str(ssh.known_hosts or USER_KNOWN_HOSTS.expanduser()))
