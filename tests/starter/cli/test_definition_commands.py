"""`netsaga check`, `explain` and `graph`: what they print and their exit codes. They need no server."""

import json
from pathlib import Path

import pytest

from starter.__main__ import execute
from workflows.definition.codes import CODES

Printed = pytest.CaptureFixture[str]

GOOD = """\
netsaga: 1
name: close-ticket
version: 1.2.0
inputs: {ticket: {type: string}}
steps:
  - id: tell
    notify: {to: netops, message: "${{ inputs.ticket }} is done"}
outputs: {closed: "${{ inputs.ticket }}"}
"""
CALLER = """\
netsaga: 1
name: caller
version: 1.0.0
steps:
  - id: close
    call: close-ticket@1
    with: {ticket: RITM0012345}
"""
BAD = GOOD.replace("inputs.ticket }} is", "inputs.tickets }} is").replace("close-ticket", "bad")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "close.yaml").write_text(GOOD)
    (tmp_path / "callers").mkdir()
    (tmp_path / "callers" / "caller.yaml").write_text(CALLER)
    (tmp_path / "bad.yaml").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_checked_with_what_its_definitions_call(folder: Path, capsys: Printed) -> None:
    assert execute(["check", "tickets", "callers/caller.yaml"]) == 1
    assert "close-ticket@1" in capsys.readouterr().out
    (folder / "bad.yaml").unlink()
    assert execute(["check", "."]) == 0
    assert capsys.readouterr().out.count(" is good, ") == 2


def test_the_newest_version_that_fits_is_called(folder: Path, capsys: Printed) -> None:
    newer = folder / "callers" / "close.yaml"
    newer.write_text(
        GOOD.replace("1.2.0", "1.10.0").replace("ticket", "number").replace("close-number", "close-ticket")
    )
    (folder / "callers" / "older.yaml").write_text(GOOD)
    assert execute(["check", "callers"]) == 1
    assert "error[NS413]" in capsys.readouterr().out
    newer.write_text(GOOD.replace("1.2.0", "2.0.0"))
    assert execute(["check", "callers"]) == 0


def test_every_format_goes_to_standard_output_and_errors_are_exit_code_1(folder: Path, capsys: Printed) -> None:
    assert folder.is_dir()
    found = {}
    for form in ("full", "concise", "json", "github", "sarif"):
        assert execute(["check", "bad.yaml", "--format", form]) == 1
        captured = capsys.readouterr()
        assert captured.err == ""
        found[form] = captured.out
    assert found["full"].startswith("error[NS501]: ")
    assert "^^^^^^^" in found["full"]
    assert found["full"].endswith("1 error\n")
    assert found["concise"].startswith("bad.yaml:7:")
    assert len(found["concise"].splitlines()) == 1
    (row,) = json.loads(found["json"])["diagnostics"]
    assert (row["code"], row["file"], row["line"]) == ("NS501", "bad.yaml", 7)
    assert found["github"].startswith("::error file=bad.yaml,line=7,")
    assert json.loads(found["sarif"])["runs"][0]["results"][0]["ruleId"] == "NS501"


def test_a_good_file_is_exit_code_0_in_each_format(folder: Path, capsys: Printed) -> None:
    assert folder.is_dir()
    for form in ("full", "concise", "json", "github", "sarif"):
        assert execute(["check", "tickets", "--format", form]) == 0
    assert '"diagnostics": []' in capsys.readouterr().out


def test_colour_is_for_terminals_and_for_those_who_ask(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.is_dir()
    execute(["check", "bad.yaml"])
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    execute(["check", "bad.yaml"])
    assert "\x1b[1;31m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    execute(["check", "bad.yaml"])
    assert "\x1b" not in capsys.readouterr().out


def test_bytes_that_are_no_text_are_a_diagnostic(folder: Path, capsys: Printed) -> None:
    (folder / "latin.yaml").write_bytes(GOOD.replace("is done", "ist f\xe4rtig").encode("latin-1"))
    assert execute(["check", "latin.yaml"]) == 1
    assert "error[NS112]" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nothing.yaml"], ["bad.yaml", "--format", "xml"], []])
def test_wrong_usage_is_exit_code_2(folder: Path, arguments: list[str]) -> None:
    assert folder.is_dir()
    assert execute(["check", *arguments]) == 2


def test_explain_shows_the_page_of_a_code(capsys: Printed) -> None:
    assert execute(["explain", "ns201"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# NS201: an unknown key\n")
    assert "```" not in shown
    assert "Bad:\n\n    - id: tell\n" in shown


def test_explain_lists_all_codes(capsys: Printed) -> None:
    assert execute(["explain", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(CODES)
    assert "NS702  warning  a step that changes devices and does not say how it is undone" in lines


@pytest.mark.parametrize("arguments", [[], ["NS999"], ["NS201", "--list"]])
def test_explain_of_nothing_known_is_exit_code_2(arguments: list[str], capsys: Printed) -> None:
    assert execute(["explain", *arguments]) == 2
    assert "netsaga explain" in capsys.readouterr().err


def test_graph_prints_mermaid_and_mistakes_go_elsewhere(folder: Path, capsys: Printed) -> None:
    assert folder.is_dir()
    assert execute(["graph", "callers/caller.yaml"]) == 1
    assert "close-ticket@1" in capsys.readouterr().err
    assert execute(["graph", "tickets/close.yaml"]) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")
    assert execute(["graph", "tickets/close.yaml", "--plan"]) == 0
    assert "stopped" in capsys.readouterr().out
