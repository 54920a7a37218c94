"""`netsaga init`, `fmt` and `schema`, as somebody types them."""

import json
from pathlib import Path

import pytest

from starter.__main__ import execute
from workflows.definition.schema import schema_text

UNTIDY = "netsaga: 1\nname: told\nversion: 1.0.0\nsteps:\n- notify: {message: hello, to: netops}\n  id: tell # who\n"
TIDY = UNTIDY.replace(
    "- notify: {message: hello, to: netops}\n  id: tell # who",
    "  - id: tell # who\n    notify: {to: netops, message: hello}",
)


def test_init_writes_a_definition_that_is_good_and_in_canonical_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"

    assert execute(["init", "printers", "--folder", str(folder)]) == 0
    assert f"netsaga check {folder / 'printers.yaml'}" in capsys.readouterr().out
    assert execute(["check", str(folder)]) == 0
    assert capsys.readouterr().err == ""
    assert execute(["fmt", "--check", str(folder)]) == 0
    text = (folder / "printers.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=netsaga.schema.json\n")
    assert "first-change" not in text
    assert (folder / "netsaga.schema.json").read_text(encoding="utf-8") == schema_text()


def test_init_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "first-change.yaml"
    file.write_text("mine")

    assert execute(["init", "--folder", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert execute(["init", "../outside", "--folder", str(tmp_path)]) == 2
    assert "is no name of a definition" in capsys.readouterr().err


def test_fmt_says_what_would_change_and_then_changes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "told.yaml"
    file.write_text(UNTIDY)
    file.chmod(0o640)

    assert execute(["fmt", "--check", str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"{file}: would be formatted\n"
    assert file.read_text() == UNTIDY
    assert execute(["fmt", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: formatted\n"
    assert file.read_text() == TIDY
    assert file.stat().st_mode & 0o777 == 0o640
    assert execute(["fmt", "--check", str(file)]) == 0
    assert [one.name for one in tmp_path.iterdir()] == ["told.yaml"]


def test_fmt_leaves_what_it_cannot_understand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("netsaga: 1\nname: [broken\n")

    assert execute(["fmt", str(file)]) == 1
    told = capsys.readouterr().err
    assert "error[NS101]" in told
    assert f"{file}: left as it is" in told
    assert file.read_text() == "netsaga: 1\nname: [broken\n"


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "netsaga definition"
