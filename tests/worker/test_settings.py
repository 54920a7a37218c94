"""The settings file: what it means, and what is said where it is wrong."""

from pathlib import Path

import pytest

from worker.located import LocatedError, read_located
from worker.settings import FileCredential, Settings, SettingsError, load, locate, parse

HERE = Path("/srv/netsaga/netsaga.yaml")

COMPLETE = """\
temporal: {address: 127.0.0.1:7300, namespace: lab, task_queue: changes}
artifacts: {path: .netsaga/artifacts}
definitions: [./definitions]
inventories:
  nautobot: {kind: yaml, path: inventory.yaml}
credentials:
  device_rw: {kind: environment, prefix: DEVICE_RW}
  lab: {kind: file, path: credentials.yaml, entry: lab}
  vault: {kind: command, command: [pass, show, net/vault]}
groups: {netops-leads: [alice, bob]}
notify: {netops: {kind: file, path: notifications.md}, audit: {kind: log}}
systems:
  nautobot: {url: "https://nautobot.example/", credential: vault, token_scheme: Token, verify: ca.pem, timeout: 30s}
  awx: {url: "https://awx.example/", credential: vault}
allowed_urls: ["https://status.example/api/"]
scripts:
  close-ticket: {command: [./close-ticket.py], folder: scripts, environment: [ITSM_TOKEN], timeout: 1m}
  reserve: {function: "ipam.prefixes:reserve"}
ansible:
  backup: {playbook: ansible/backup.yml, inventory: ansible/hosts, arguments: [--forks=20, --extra-vars=@site.yml]}
  harden: {playbook: ansible/harden.yml, folder: ., credential: device_rw, timeout: 30m, repeat: safe}
awx:
  patch: {system: awx, job_template: Patch, organization: Network}
  roll-out: {system: awx, workflow_job_template: 13, api: /api/controller/v2}
ssh: {host_keys: verify, known_hosts: known_hosts}
limits: {activities: 200, sessions_per_site: null}
versioning: {deployment: netsaga, build: null}
health: {address: 127.0.0.1, port: 0}
telemetry: {prometheus: "127.0.0.1:9464"}
"""


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(text, HERE)
    return str(caught.value)


def test_every_section_is_read() -> None:
    settings = parse(COMPLETE, HERE)
    assert settings.temporal.namespace == "lab"
    assert settings.groups == {"netops-leads": ("alice", "bob")}
    assert settings.telemetry.prometheus == "127.0.0.1:9464"


def test_systems_and_scripts_are_read() -> None:
    settings = parse(COMPLETE, HERE)
    assert settings.systems["nautobot"].verify == Path("/srv/netsaga/ca.pem")
    assert settings.systems["nautobot"].timeout == 30.0
    assert settings.scripts["close-ticket"].folder == Path("/srv/netsaga/scripts")
    assert settings.scripts["reserve"].folder == Path("/srv/netsaga")


def test_what_ansible_and_awx_run_is_read() -> None:
    settings = parse(COMPLETE, HERE)
    assert settings.ansible["backup"].inventory == Path("/srv/netsaga/ansible/hosts")
    assert (settings.ansible["harden"].timeout, settings.ansible["harden"].repeat) == (1800.0, "safe")
    assert (settings.awx["patch"].job_template, settings.awx["roll-out"].workflow_job_template) == ("Patch", 13)


def test_an_empty_file_means_the_defaults() -> None:
    settings = parse("", HERE)
    assert settings.temporal.address == "127.0.0.1:7233"
    assert settings.artifacts.path == Path("/srv/netsaga/.netsaga/artifacts")


def test_a_section_that_is_named_and_left_empty_means_its_defaults() -> None:
    assert parse("groups:\ntemporal:\n", HERE) == parse("", HERE)


def test_relative_paths_are_relative_to_the_file() -> None:
    settings = parse(COMPLETE, HERE)
    lab = settings.credentials["lab"]
    assert isinstance(lab, FileCredential)
    assert lab.path == Path("/srv/netsaga/credentials.yaml")
    assert settings.definitions == (Path("/srv/netsaga/definitions"),)


def test_telnet_is_refused_unless_it_is_allowed_and_a_device_has_few_lines() -> None:
    settings = parse("", HERE)
    assert (settings.telnet, settings.limits.sessions_per_device) == ("refuse", 4)
    assert parse("telnet: allow", HERE).telnet == "allow"
    assert "telnet" in refusal("telnet: maybe")


def test_authorities_of_devices_are_files_beside_the_settings() -> None:
    settings = parse("tls: {ca: ca.pem, authorities: {branch: /etc/branch.pem}}", HERE)
    assert settings.tls.ca == Path("/srv/netsaga/ca.pem")
    assert settings.tls.authorities == {"branch": Path("/etc/branch.pem")}
    assert parse("", HERE).tls.ca is None


def test_absolute_paths_and_home_folders_are_kept() -> None:
    settings = parse("definitions: [/etc/netsaga, ~/netsaga]", HERE)
    assert settings.definitions == (Path("/etc/netsaga"), Path.home() / "netsaga")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("temporal: {adress: x}", "netsaga.yaml:1: `temporal.adress` is not a setting; did you mean `address`?"),
        ("temporal: {address: 'http://temporal:7233'}", "`temporal.address`: expected host:port"),
        ("ntify: {}", "`ntify` is not a setting; did you mean `notify`?"),
        ("zzz: 1", "known here: allowed_urls, ansible, artifacts, awx, credentials"),
        ("groups: {a: bob}", "`groups.a`: expected a list, as [a, b], found 'bob'"),
        ("limits: {activities: 0}", "`limits.activities`: input should be greater than or equal to 1, found 0"),
        ("inventories: {a: {kind: xml, path: b}}", "`inventories.a.kind`: input should be 'yaml', 'csv', 'ansible'"),
        ("inventories: {a: {kind: csv}}", "`inventories.a` lacks `path`"),
        ("credentials: {a: {path: b}}", "`credentials.a` lacks `kind`"),
        ("credentials: {a: {kind: vault}}", "expected one of 'environment', 'file', 'command'"),
        ("credentials: {a: {kind: file, pth: b}}", "`credentials.a.pth` is not a setting; did you mean `path`?"),
        ("notify: {a: {kind: file, pth: b}}", "`notify.a.pth` is not a setting; did you mean `path`?"),
        ("ssh: {host_keys: accept_any, known_hosts: a}", "keep one of the two"),
        ("telemetry: {prometheus: '127.0.0.1:1', otlp: 'http://127.0.0.1:2'}", "metrics go one way"),
        ("- a\n- b\n", "settings are a map of sections"),
        ("temporal: {\n", "this is not valid YAML"),
        (
            "groups: {a: [b]}\ngroups: {}\n",
            "netsaga.yaml:2: `groups` stands here a second time; the first is in line 1",
        ),
        ("groups: {on: [b]}\n", "put it in quotes"),
        ("artifacts: {path: !vault x}\n", "only plain data is read here"),
        ("groups: &a {b: *a}\n", "contains itself"),
        ("systems: {nb: {url: 'nautobot.example'}}", "`systems.nb.url`: expected a URL that starts with http://"),
        ("systems: {nb: {url: 'https://u:p@nb.example/'}}", "without user, query and fragment"),
        ("systems: {'a b': {url: 'https://nb.example/'}}", "expected a name that can stand before `:/`"),
        ("systems: {nb: {url: 'https://nb.example/', verify: false}}", "`systems.nb.verify"),
        (
            "systems: {nb: {url: 'https://nb.example/', approval: {path: approvals}}}",
            "expected a path that starts with",
        ),
        (
            "systems: {nb: {url: 'https://nb.example/', timeout: 30}}",
            "a number without a unit; write a number and a unit",
        ),
        ("systems: {nb: {url: 'https://nb.example/', credential: x}}", "the credential `x` is not under `credentials`"),
        ("ssh: {proxies: {edge: {address: a, credential: x}}}", "`ssh.proxies.edge`: the credential `x` is not under"),
        ("allowed_urls: ['https://nb.example/?a=b']", "without user, query and fragment"),
        ("scripts: {close: {command: [./a.py], function: 'a.b:c'}}", "give one of the two"),
        ("scripts: {close: {}}", "give one of the two"),
        ("ansible: {a: {inventory: hosts}}", "`ansible.a` lacks `playbook`"),
        ("ansible: {a: {playbook: p, arguments: [-k]}}", "`-k` asks at a terminal"),
        ("ansible: {a: {playbook: p, arguments: [-ihosts]}}", "is given by netsaga; use `inventory`"),
        ("ansible: {a: {playbook: p, arguments: [--limit=all]}}", "use `limit` in the step's `with`"),
        ("ansible: {a: {playbook: p, arguments: [--extra-vars=a=b]}}", "a command line can be read by everybody"),
        ("ansible: {a: {playbook: p, arguments: [-ea=b]}}", "write `--extra-vars=@FILE`"),
        ("ansible: {a: {playbook: p, repeat: always}}", "input should be 'never' or 'safe'"),
        ("ansible: {a: {playbook: p, credential: lab}}", "`ansible.a`: the credential `lab` is not under"),
        ("ansible: {a: {playbook: p, inventory: i, credential: lab}}", "keep one of the two"),
        ("awx: {a: {system: awx}}", "give one of the two, a `job_template` or a `workflow_job_template`"),
        ("awx: {a: {system: awx, job_template: 1}}", "`awx.a`: the system `awx` is not under `systems`"),
        ("scripts: {close: {function: a.b.c}}", "expected package.module:function"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(text: str, message: str) -> None:
    assert message in refusal(text)


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file() -> None:
    text = "limits: {activities: none}\ntemporal:\n  adress: x\nnothing: 1\n"
    lines = refusal(text).splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "3", "4"]


def test_a_wrong_value_in_a_credential_is_not_repeated() -> None:
    message = refusal("credentials: {a: {kind: command, command: 'vault -token=hunter2'}}")
    assert "credentials.a.command" in message
    assert "hunter2" not in message


def test_a_list_entry_has_its_line() -> None:
    located = read_located("definitions:\n  - a\n  - b\n")
    assert located.line(("definitions", 1)) == 3


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(LocatedError, match="is it the right file"):
        read_located("#" * 1_100_000)


def test_the_flag_wins_over_the_environment(tmp_path: Path) -> None:
    flag, environment = tmp_path / "a.yaml", tmp_path / "b.yaml"
    flag.touch()
    environment.touch()
    assert locate(str(flag), {"NETSAGA_SETTINGS": str(environment)}) == flag
    assert locate(None, {"NETSAGA_SETTINGS": str(environment)}) == environment


def test_without_flag_and_environment_the_file_in_this_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="`netsaga dev` writes one"):
        locate(None, {})
    (tmp_path / "netsaga.yaml").write_text("health: {port: 8080}\n")
    assert load(locate(None, {})).health.port == 8080


def test_a_file_that_is_named_and_missing_says_who_named_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="NETSAGA_SETTINGS names it"):
        locate(None, {"NETSAGA_SETTINGS": str(tmp_path / "no.yaml")})


def test_text_that_is_not_utf8_is_refused_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "netsaga.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(path)


def test_settings_survive_a_round_trip_through_json() -> None:
    settings = parse(COMPLETE, HERE)
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings


def test_the_guard_tells_a_target_that_there_is() -> None:
    settings = parse("notify: {netops: {kind: log}}\nguard: {failures: 2, within: 1h, alert: netops}\n", HERE)
    assert (settings.guard.failures, settings.guard.within, settings.guard.alert) == (2, 3600.0, "netops")
    said = refusal("notify: {netops: {kind: log}}\nguard: {alert: netop}\n")
    assert "`guard.alert`: the target `netop` is not under `notify`" in said
    assert "netops" in said
