"""Settings laid over others: what is merged, what is kept, and where a mistake is said to be."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from worker.__main__ import main
from worker.settings import FileCredential, SettingsError, load, parse
from worker.settings_overlay import lay_over, merge

BELOW = """\
temporal: {address: "127.0.0.1:7300"}
artifacts: {path: artifacts}
inventories: {nautobot: {kind: yaml, path: testbed/inventory.yaml}}
credentials: {device_rw: {kind: file, path: testbed/credentials.yaml, entry: device_rw}}
groups: {netops-leads: ["*"], netops-managers: ["*"]}
notify: {netops: {kind: log}}
ssh: {known_hosts: testbed/known_hosts}
"""
ABOVE = """\
temporal: {ui: "http://127.0.0.1:8300"}
credentials: {itsm: {kind: command, command: [pass, show, itsm]}}
groups: {netops-leads: [bob]}
systems: {itsm: {url: "https://itsm.example/", credential: itsm, timeout: 90s}}
scripts: {close: {command: [./close.py]}}
guard: {alert: netops, within: 500ms}
pools: [dc1]
notify:
"""
BASE = parse(BELOW, Path("/state/netsaga.yaml"))
HERE = Path("/srv/mine.yaml")
KEPT = ("temporal.address", "artifacts.path")


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1, "y": {"z": 2}}}, {"a": {"y": {"w": 3}}}, {"a": {"x": 1, "y": {"z": 2, "w": 3}}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"x": 1}}, {"a": [3]}, {"a": [3]}),
        ({"a": {"x": 1}}, {"a": {"x": None}}, {"a": {"x": None}}),
        ({"a": {"kind": "file", "path": "p"}}, {"a": {"path": "q"}}, {"a": {"kind": "file", "path": "q"}}),
        ({"a": {"kind": "file", "path": "p"}}, {"a": {"kind": "log"}}, {"a": {"kind": "log"}}),
    ],
    ids=["side by side", "maps", "lists", "a map by a list", "null", "the same kind", "another kind"],
)
def test_maps_are_merged_and_all_else_is_replaced(
    below: dict[str, JsonValue], above: dict[str, JsonValue], expected: dict[str, JsonValue]
) -> None:
    given = repr((below, above))
    assert merge(below, above) == expected
    assert repr((below, above)) == given


def test_each_file_says_its_part_and_its_paths_are_relative_to_itself() -> None:
    settings = lay_over(BASE, ABOVE, HERE, keep=KEPT)
    assert settings.temporal.address == "127.0.0.1:7300"
    assert settings.temporal.ui == "http://127.0.0.1:8300"
    assert settings.groups == {"netops-leads": ("bob",), "netops-managers": ("*",)}
    assert settings.scripts["close"].folder == Path("/srv")
    assert isinstance(settings.credentials["device_rw"], FileCredential)
    assert settings.credentials["device_rw"].path == Path("/state/testbed/credentials.yaml")
    assert settings.notify == BASE.notify  # named and left empty says nothing
    assert settings.pools == ("dc1",)


def test_nothing_laid_over_changes_nothing() -> None:
    assert lay_over(BASE, "", HERE, keep=KEPT) == BASE


@pytest.mark.parametrize(
    ("above", "said"),
    [
        ("groups: {}\ntemporal:\n  address: 10.0.0.1:7233\n", "3: `temporal.address` cannot be set here, it is '127"),
        ("artifacts: {path: elsewhere}\n", "1: `artifacts.path` cannot be set here, it is '/state/artifacts'; leave"),
        ("pools: [dc1]\nartifacts: []\n", "2: `artifacts.path` cannot be set here"),
        ("pools: [dc1]\ngroup: {}\n", "2: `group` is not a setting; did you mean `groups`?"),
        ("systems:\n  itsm: {url: nowhere}\n", "2: `systems.itsm.url`: expected a URL that starts with http://"),
        (
            "systems: {itsm: {url: 'https://x', credential: device}}\n",
            "is not under `credentials`; did you mean `device",
        ),
        ("groups: {a: [b]}\ngroups: {}\n", "2: `groups` stands here a second time; the first is in line 1"),
        ("ssh:\n  host_keys: accept_any\n", "1: `ssh`: `host_keys: accept_any` checks no key, so `known_hosts`"),
        ("- pools\n", "1: settings are a map of sections"),
    ],
)
def test_a_mistake_is_said_with_file_line_and_key(above: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        lay_over(BASE, above, HERE, keep=KEPT)
    assert str(caught.value).startswith(f"{HERE}:")
    assert said in str(caught.value)


def test_every_key_that_is_kept_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        lay_over(BASE, "temporal: {address: 'a:1'}\nartifacts: {path: b}\n", HERE, keep=KEPT)
    assert [line.split("`")[1] for line in str(caught.value).splitlines()] == list(KEPT)


def test_what_is_written_means_the_same_wherever_it_lies(tmp_path: Path) -> None:
    below, above, out = tmp_path / "a" / "netsaga.yaml", tmp_path / "b" / "mine.yaml", tmp_path / "c" / "all.yaml"
    for path, text in ((below, BELOW), (above, ABOVE), (out, "")):
        path.parent.mkdir()
        path.write_text(text)
    assert main(["overlay", str(above), "--settings", str(below), "--out", str(out), "--keep", "temporal.address"]) == 0
    assert load(out) == lay_over(load(below), ABOVE, above)


def test_a_file_that_cannot_be_used_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    below = tmp_path / "netsaga.yaml"
    below.write_text(BELOW)
    missing, out = tmp_path / "no.yaml", tmp_path / "out.yaml"
    assert main(["overlay", str(missing), "--settings", str(below), "--out", str(out)]) == 2
    assert f"{missing}: there is no such settings file" in capsys.readouterr().err
    assert not out.exists()
    assert main(["overlay", str(below), "--settings", str(below), "--out", str(tmp_path / "no" / "out.yaml")]) == 2
    assert "the settings cannot be written: No such file or directory" in capsys.readouterr().err
