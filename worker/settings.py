"""What a worker is told: one YAML file, checked as a whole before anything starts.

Names are given here (a store, inventories, credentials, people); secrets are not: a credential only says where it
comes from. Relative paths are relative to the file. This module reads and checks; `worker/build.py` acts on it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from worker.engines import AnsibleSettings, AwxSettings, ScriptSettings
from worker.fields import FUNCTION, PATH, VARIABLE, Anchored, Seconds, Section
from worker.located import Located, LocatedError, read_located
from worker.mistakes import explain
from workflows.contracts import HISTORY_EVENTS, POOL, POOL_HELP, TASK_QUEUE
from workflows.suggest import did_you_mean

ENVIRONMENT: Final = "NETSAGA_SETTINGS"
DEFAULT_FILE: Final = "netsaga.yaml"
HOST_AND_PORT: Final = r"^(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):\d{1,5}$"
URL: Final = r"^https?://\S+$"
BASE_URL: Final = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
SYSTEM: Final = r"^[A-Za-z][A-Za-z0-9_-]*$"
PATTERNS: Final[Mapping[str, str]] = {
    HOST_AND_PORT: "host:port, an IPv6 address in brackets, no http://",
    VARIABLE: "the beginning of a variable's name: letters, digits and _",
    URL: "a URL that starts with http:// or https://",
    BASE_URL: "a URL that starts with http:// or https://, without user, query and fragment",
    SYSTEM: "a name that can stand before `:/`: letters, digits, `_` and `-`",
    PATH: "a path that starts with `/`, without query and fragment",
    FUNCTION: "package.module:function",
    f"^{POOL}$": POOL_HELP,
}


class SettingsError(Exception):
    """Settings that cannot be used; the message names file, line, what was found and what to do."""


Pool = Annotated[str, Field(pattern=f"^{POOL}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class TemporalSettings(Section):
    """Where the Temporal server is, as ``host:port``, and which queue this worker serves.

    ``ui`` is where people see it, as ``http://127.0.0.1:8233``; notifications and reports link there.
    """

    address: str = Field(default="127.0.0.1:7233", pattern=HOST_AND_PORT)
    namespace: str = "default"
    task_queue: str = TASK_QUEUE
    ui: str | None = Field(default=None, pattern=URL)


class ArtifactSettings(Section):
    """The folder of the artifact store. All workers of a task queue must reach the same one."""

    path: Anchored = Field(default=Path(".netsaga/artifacts"), validate_default=True)


class InventorySettings(Section):
    """A file (``nornir``: a folder) that names devices."""

    kind: Literal["yaml", "csv", "ansible", "nornir"]
    path: Anchored


class EnvironmentCredential(Section):
    """Variables ``PREFIX_USERNAME``, ``PREFIX_PASSWORD`` and so on."""

    kind: Literal["environment"]
    prefix: str = Field(pattern=VARIABLE)


class FileCredential(Section):
    """An entry of a YAML file that only its owner may read; ``entry`` defaults to the credential's name."""

    kind: Literal["file"]
    path: Anchored
    entry: str | None = None


class CommandCredential(Section):
    """A program, run without a shell, that prints the credential."""

    kind: Literal["command"]
    command: tuple[str, ...] = Field(min_length=1)


CredentialSettings = Annotated[EnvironmentCredential | FileCredential | CommandCredential, Field(discriminator="kind")]


class FileNotification(Section):
    """Notifications are appended to a Markdown file."""

    kind: Literal["file"]
    path: Anchored


class LogNotification(Section):
    """Notifications go to the worker's log."""

    kind: Literal["log"]


NotifySettings = Annotated[FileNotification | LogNotification, Field(discriminator="kind")]


class ApprovalSettings(Section):
    """Where a system takes the questions of gates that name it as ``via``: ``POST PATH``, then ``GET PATH/ID``."""

    path: str = Field(pattern=PATH)


class SystemSettings(Section):
    """A system that ``http`` steps call by its name, ``NAME:/path`` below ``url``.

    ``credential`` names what identifies the worker there: a token, or a user name and a password. A token travels as
    ``Authorization: Bearer TOKEN``; ``token_scheme: Token`` is how Nautobot and NetBox want it, and another
    ``token_header`` carries the token alone. ``verify`` may be a file or folder of certificates that are trusted
    instead of the machine's. ``headers`` hold nothing secret. With ``approval``, gates may ask it (``via: NAME``).
    """

    url: str = Field(pattern=BASE_URL)
    credential: str | None = None
    token_header: str = "Authorization"  # noqa: S105  # no token, but how one travels
    token_scheme: str = "Bearer"  # noqa: S105  # the same
    headers: Mapping[str, str] = {}
    verify: Literal[True] | Anchored = True
    timeout: Seconds | None = None
    approval: ApprovalSettings | None = None


class ProxySettings(Section):
    """A jump host; ``credential`` is a name."""

    address: str
    port: Port = 22
    credential: str


class SshSettings(Section):
    """How host keys are judged (``accept_any`` is an explicit choice for labs), and jump hosts by name."""

    host_keys: Literal["verify", "accept_any"] = "verify"
    known_hosts: Anchored | None = None
    proxies: Mapping[str, ProxySettings] = {}

    @model_validator(mode="after")
    def _one_policy(self) -> "SshSettings":
        if self.host_keys == "accept_any" and self.known_hosts is not None:
            raise ValueError(
                "`host_keys: accept_any` checks no key, so `known_hosts` has no meaning; keep one of the two"
            )
        return self


class TlsSettings(Section):
    """Whom devices must be proven by that are reached over HTTPS (eAPI, NX-API, RESTCONF).

    ``ca`` is a file of authorities' certificates that is trusted instead of the machine's; ``authorities`` are such
    files by name, for devices that say ``data: {tls_ca: NAME}``.
    """

    ca: Anchored | None = None
    authorities: Mapping[str, Anchored] = {}


class LimitSettings(Section):
    """How much one worker does at once, for its own queue and for each pool that it serves; null is no limit."""

    activities: int = Field(default=200, ge=1, le=2000)
    workflows_cached: int = Field(default=200, ge=10, le=10_000)
    sessions_per_site: int | None = Field(default=None, ge=1)
    sessions_per_device: int | None = Field(default=4, ge=1)
    session_idle: Seconds | None = 10.0
    history_events: int = Field(default=HISTORY_EVENTS, ge=50, le=10_000)


class VersioningSettings(Section):
    """Worker versioning; off while ``build`` is null."""

    deployment: str = "netsaga"
    build: str | None = None


class GuardSettings(Section):
    """When a device is taken out of service, across runs, and who is told.

    ``failures`` of one device ``within`` that time, in steps that change it, quarantine it until an operator clears it.
    ``alert`` is a target of ``notify``; it hears of quarantined devices and of breakers that open.
    """

    failures: int = Field(default=3, ge=1)
    within: Seconds = 86_400.0
    alert: str | None = None


class HealthSettings(Section):
    """Where ``/healthz`` and ``/readyz`` are served; port 0 means nowhere."""

    address: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)


class TelemetrySettings(Section):
    """Metrics and traces; each is off while it is null.

    ``prometheus`` is the ``host:port`` on which metrics can be fetched, ``otlp`` the gRPC URL of the collector to which
    metrics are sent, ``traces`` a file to which spans are appended, one JSON object a line.
    """

    prometheus: str | None = Field(default=None, pattern=HOST_AND_PORT)
    otlp: str | None = Field(default=None, pattern=URL)
    traces: Anchored | None = None

    @model_validator(mode="after")
    def _one_way_for_metrics(self) -> "TelemetrySettings":
        if self.prometheus and self.otlp:
            raise ValueError("metrics go one way: keep `prometheus` (fetched) or `otlp` (sent)")
        return self


class Settings(Section):
    """All of it.

    ``pools`` are the worker pools that this worker serves besides its own queue: the devices that the inventory gives
    to one of them are reached from here. ``netsaga worker --pool NAME`` serves that pool and nothing else.
    """

    temporal: TemporalSettings = TemporalSettings()
    artifacts: ArtifactSettings
    definitions: tuple[Anchored, ...] = ()
    inventories: Mapping[str, InventorySettings] = {}
    credentials: Mapping[str, CredentialSettings] = {}
    groups: Mapping[str, tuple[str, ...]] = {}
    notify: Mapping[str, NotifySettings] = {}
    systems: Mapping[Annotated[str, Field(pattern=SYSTEM)], SystemSettings] = {}
    allowed_urls: tuple[Annotated[str, Field(pattern=BASE_URL)], ...] = ()
    scripts: Mapping[str, ScriptSettings] = {}
    ansible: Mapping[str, AnsibleSettings] = {}
    awx: Mapping[str, AwxSettings] = {}
    files: Anchored | None = None  # the folder of what may be copied to devices
    ssh: SshSettings = SshSettings()
    tls: TlsSettings = TlsSettings()
    telnet: Literal["refuse", "allow"] = "refuse"  # clear text, passwords too: for labs
    limits: LimitSettings = LimitSettings()
    pools: tuple[Pool, ...] = ()
    versioning: VersioningSettings = VersioningSettings()
    guard: GuardSettings = GuardSettings()
    health: HealthSettings = HealthSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @model_validator(mode="after")
    def _known_alert(self) -> "Settings":
        if self.guard.alert is not None and self.guard.alert not in self.notify:
            near = did_you_mean(self.guard.alert, self.notify, "there are")
            raise ValueError(f"`guard.alert`: the target `{self.guard.alert}` is not under `notify`; {near}")
        return self

    @model_validator(mode="after")
    def _known_credentials(self) -> "Settings":
        for name, system in self.systems.items():
            if system.credential is not None and system.credential not in self.credentials:
                near = did_you_mean(system.credential, self.credentials, "there are")
                what = f"`systems.{name}`: the credential `{system.credential}`"
                raise ValueError(f"{what} is not under `credentials`; {near}")
        for name, playbook in self.ansible.items():
            if playbook.credential is not None and playbook.credential not in self.credentials:
                near = did_you_mean(playbook.credential, self.credentials, "there are")
                what = f"`ansible.{name}`: the credential `{playbook.credential}`"
                raise ValueError(f"{what} is not under `credentials`; {near}")
        for name, proxy in self.ssh.proxies.items():
            if proxy.credential not in self.credentials:
                near = did_you_mean(proxy.credential, self.credentials, "there are")
                what = f"`ssh.proxies.{name}`: the credential `{proxy.credential}`"
                raise ValueError(f"{what} is not under `credentials`; {near}")
        return self

    @model_validator(mode="after")
    def _known_systems(self) -> "Settings":
        for name, template in self.awx.items():
            if template.system not in self.systems:
                near = did_you_mean(template.system, self.systems, "there are")
                raise ValueError(f"`awx.{name}`: the system `{template.system}` is not under `systems`; {near}")
        return self


def locate(flag: str | None, environ: Mapping[str, str]) -> Path:
    """Which settings file to read: the flag, else the environment, else ``./netsaga.yaml``.

    Raises:
        SettingsError: There is no such file.
    """
    named, origin = (flag, "--settings") if flag else (environ.get(ENVIRONMENT), ENVIRONMENT)
    path = Path(named or DEFAULT_FILE).expanduser().absolute()
    if path.is_file():
        return path
    if named:
        raise SettingsError(f"{path}: there is no such settings file ({origin} names it)")
    raise SettingsError(
        f"{path}: there is no settings file. Name one with --settings FILE or {ENVIRONMENT}; "
        "`netsaga dev` writes one and says where."
    )


def load(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        SettingsError: The file cannot be read or used; the message names every mistake, one a line.
    """
    return parse(read(path), path)


def read(path: Path) -> str:
    """The text of a settings file.

    Raises:
        SettingsError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: the settings cannot be read: {error}") from error


def parse(text: str, path: Path) -> Settings:
    """Check settings text; relative paths are relative to the folder of ``path``.

    Raises:
        SettingsError: As in `load`.
    """
    return check(place(text, path), path)


def place(text: str, path: Path) -> Located:
    """Settings text as plain data, with the line of each key.

    Raises:
        SettingsError: It is not one YAML map.
    """
    try:
        return read_located(text)
    except LocatedError as error:
        raise SettingsError(f"{path}:{error.line}: {error.message}") from error


def check(located: Located, path: Path) -> Settings:
    """What plain data means as settings; relative paths are relative to the folder of ``path``.

    Raises:
        SettingsError: It cannot be used; the message names every mistake, one a line.
    """
    base = path.absolute().parent
    given = {key: value for key, value in located.value.items() if value is not None}  # `groups:` alone is empty
    try:
        return Settings.model_validate({"artifacts": {}} | given, context={"base": base})
    except ValidationError as error:
        details = sorted(error.errors(include_url=False), key=lambda detail: located.line(detail["loc"]))
        raise SettingsError("\n".join(_mistake(detail, located, path) for detail in details)) from error


def _mistake(detail: ErrorDetails, located: Located, path: Path) -> str:
    said = explain(detail, located, Settings, hide={"credentials", "systems"}, patterns=PATTERNS)
    return f"{path}:{located.line(detail['loc'])}: {said}"
