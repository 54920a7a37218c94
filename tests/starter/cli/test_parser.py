"""The parser's promises: every command leads somewhere, and forwarded ones reach their process whole."""

import argparse
import importlib
import sys

import pytest

from starter.cli.parser import build, forwarded, parse
from worker import __main__ as worker

ARGUMENTS = {
    "check": ["f.yaml"], "fmt": ["f.yaml"], "graph": ["f.yaml"], "run": ["x"], "plan": ["x"], "apply": ["plan.json"],
    "status": ["r"], "devices": ["r"], "report": ["r"], "watch": ["r"],
    "approve": ["r", "--by", "b"], "reject": ["r", "--by", "b"], "cancel": ["r", "--reason", "why"],
    **{key: ["r", "--by", "b"] for key in ("pause", "resume", "retry", "skip", "undo", "stop")},
    "concurrency": ["r", "5", "--by", "b"], "signal": ["r", "go"],
    "quarantine": ["clear", "sw1", "--by", "b"],
}  # fmt: skip


def commands() -> list[str]:
    (action,) = (action for action in build()._actions if isinstance(action, argparse._SubParsersAction))
    return [name for name in action.choices if forwarded([name]) is None]


@pytest.mark.parametrize("name", commands())
def test_every_command_names_a_function_that_exists(name: str) -> None:
    entry = build().parse_args([name, *ARGUMENTS.get(name, [])]).entry
    module, _, function = entry.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_commands_of_other_processes_are_forwarded_with_all_their_arguments() -> None:
    worker = [sys.executable, "-m", "worker"]
    assert forwarded(["worker", "--settings", "s.yaml"]) == [*worker, "run", "--settings", "s.yaml"]
    assert forwarded(["probe", "--help"]) == [*worker, "probe", "--help"]
    assert forwarded(["platform", "verify", "sw1"]) == [*worker, "platform", "verify", "sw1"]
    assert forwarded(["transcript", "last", "sw1"]) == [*worker, "transcript", "last", "sw1"]
    assert forwarded(["values", "last", "kept"]) == [*worker, "values", "last", "kept"]
    assert forwarded(["testbed"]) == [sys.executable, "-m", "activities.deviceinteraction.testbed"]
    assert forwarded(["status", "last"]) is None


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSAGA_ADDRESS", "temporal.example:7233")
    assert build().parse_args(["list"]).address == "temporal.example:7233"
    assert build().parse_args(["list", "--address", "127.0.0.1:1"]).address == "127.0.0.1:1"


@pytest.mark.parametrize(
    "words", [("r", "--devices", "a,b,c"), ("r", "--devices", "a", "b,c"), ("--devices", "a,b,c", "r")]
)
def test_devices_are_named_with_commas_or_apart(words: tuple[str, ...]) -> None:
    options = parse(["retry", *words, "--by", "ann"])
    assert (options.run, options.devices) == ("r", ("a", "b", "c"))


@pytest.mark.parametrize("command", [("run", "d", "--limit"), ("plan", "d", "--limit"), ("stop", "r", "--devices")])
def test_which_devices_are_meant_is_said_once_and_by_name(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    who, option = ("--by", "ann"), command[-1]
    options = parse([*command, "a, b", *who])
    assert (options.limit if option == "--limit" else options.devices) == ("a", "b")
    for words, said in (
        (("a", option, "b"), f"argument {option}: it is given twice; name all devices in one, with commas"),
        (("a", f"{option}=a"), "it is given twice"),
        ((",",), "no device is named, and without the option all are meant"),
        (("",), "no device is named"),
    ):
        with pytest.raises(SystemExit):
            parse([*command, *words, *who])
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("retry", "r", "x", "--by", "ann"), ("retry", "r", "--devices", "a", "--by", "ann", "--all"), ("list", "x")],
)
def test_words_that_mean_nothing_are_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(words)
    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.parametrize("name", commands())
def test_the_help_of_every_command_says_what_the_command_does(name: str) -> None:
    (action,) = (action for action in build()._actions if isinstance(action, argparse._SubParsersAction))
    assert str(action.choices[name].description).endswith(".")


@pytest.mark.parametrize("name", ["worker", "probe", "platform", "transcript", "values", "diffs", "artifact"])
def test_the_help_of_a_forwarded_command_calls_it_as_it_was_called(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = forwarded([name, "--help"])
    assert words is not None
    with pytest.raises(SystemExit):
        worker.main(words[3:])
    assert capsys.readouterr().out.startswith(f"usage: netsaga {name} ")
