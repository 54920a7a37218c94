"""Definitions in files, as `netsaga check` and `netsaga run FILE` take them."""

from pathlib import Path

import pytest

from starter.__main__ import execute
from starter.definitions import find, is_file, load
from starter.errors import UsageError

GOOD = """\
netsaga: 1
name: hello
version: 1.0.0
inventory: {source: nautobot}
defaults: {credential: device_rw}
steps:
  - id: change
    devices: inventory
    do:
      - configure: {template: vlan.j2, vars: {vlan_id: 120}}
    on_failure: stop
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hello.yaml").write_text(GOOD)
    (tmp_path / "vlan.j2").write_text("vlan {{ vlan_id }}\n")
    (tmp_path / "inventory.yaml").write_text("hosts: {}\n")
    return tmp_path


def test_a_file_is_told_from_a_name() -> None:
    assert [is_file(text) for text in ("campus-vlan", "campus-vlan@1.0.0", "x.yaml", "./x", "a/b.yml")] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_templates_beside_a_definition_travel_with_it(folder: Path) -> None:
    definition = load(folder / "hello.yaml")
    assert definition.source.templates == {"vlan.j2": "vlan {{ vlan_id }}\n"}
    assert definition.compiled.plan is not None


def test_templates_lie_in_templates_too_and_nowhere_else(folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "vlan.j2").rename(folder / "templates" / "vlan.j2")
    assert load(folder / "hello.yaml").source.templates
    (folder / "elsewhere.j2").write_text("x")
    (folder / "templates" / "hello.yaml").write_text(GOOD.replace("vlan.j2", "../elsewhere.j2"))
    assert not load(folder / "templates" / "hello.yaml").source.templates


def test_a_folder_yields_its_definitions_and_no_other_yaml(folder: Path) -> None:
    assert find([folder]) == [folder / "hello.yaml"]
    empty = folder / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match="holds no definition"):
        find([empty])
    with pytest.raises(UsageError, match="does not exist"):
        find([folder / "nothing.yaml"])


def test_check_shows_mistakes_with_a_caret(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["check", str(folder)]) == 0
    assert "hello.yaml: hello 1.0.0 is good" in capsys.readouterr().out
    (folder / "bad.yaml").write_text(GOOD.replace("on_failure: stop", "on_failur: stop"))
    assert execute(["check", str(folder)]) == 1
    captured = capsys.readouterr()
    assert "bad.yaml:11:5" in captured.out
    assert "^^^" in captured.out
    assert "hello.yaml: hello 1.0.0 is good" in captured.out
    assert execute(["check", str(folder / "nothing.yaml")]) == 2


def test_run_of_a_file_with_errors_starts_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.yaml").write_text(GOOD.replace("id: change", "id: [change]"))
    assert execute(["run", str(folder / "bad.yaml")]) == 2
    assert "has errors; nothing was started" in capsys.readouterr().err
