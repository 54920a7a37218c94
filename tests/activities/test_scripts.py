"""Scripts, as real processes: what goes in, what comes out, and that nothing is left behind."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue
from temporalio.activity import ActivityCancellationDetails
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from activities.artifacts.local import LocalArtifactStore
from activities.scripts import Script, Scripts
from activity_bench import SCOPE, environment, until
from engines import alive
from workflows.contracts import ScriptCut, ScriptInput, ScriptResult
from workflows.plan import StepId


class Shelf:
    """Scripts in a folder, and the activity that runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = LocalArtifactStore(folder / "store")
        self.scripts: dict[str, Script] = {}

    def python(self, code: str, name: str = "close", **more: object) -> None:
        """Allow a Python program."""
        path = self.folder / f"{name}.py"
        path.write_text(code)
        self.allow([sys.executable, str(path)], name, **more)

    def allow(self, command: Sequence[str], name: str = "close", **more: object) -> None:
        self.scripts[name] = replace(Script(tuple(command), self.folder), **more)  # type: ignore[arg-type]  # its fields

    def input(self, name: str = "close", given: JsonValue = None, **more: object) -> ScriptInput:
        asked = {"scope": SCOPE, "step": StepId("report"), "engine": "script", "run": name, "given": given}
        return ScriptInput.model_validate({**asked, "timeout_s": 20.0, **more})

    async def run(self, name: str = "close", given: JsonValue = None, attempt: int = 1, **more: object) -> ScriptResult:
        env = environment(attempt)
        env.info = replace(env.info, retry_policy=RetryPolicy(maximum_attempts=3 + 3))
        return await env.run(Scripts(self.store, self.scripts).script, self.input(name, given, **more))

    async def refused(self, name: str = "close", **more: object) -> ApplicationError:
        with pytest.raises(ApplicationError) as caught:
            await self.run(name, None, 1, **more)
        return caught.value


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


ECHO = """
import json, os, sys
print("a word on the way")
sys.stderr.write("looking at it\\n")
print(json.dumps({"given": json.load(sys.stdin), "environment": dict(os.environ), "folder": os.getcwd()}))
"""


async def test_json_goes_in_and_comes_out_and_the_log_is_kept(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITSM_URL", "https://itsm.example")
    monkeypatch.setenv("UNRELATED_SECRET", "hunter2")
    shelf.python(ECHO, environment=("ITSM_URL", "NOT_SET"))
    result = await shelf.run(given={"ticket": "RITM1", "hosts": ["sw1"]})
    assert isinstance(result.result, Mapping)
    assert result.result["given"] == {"ticket": "RITM1", "hosts": ["sw1"]}
    assert result.result["folder"] == str(shelf.folder)
    seen = result.result["environment"]
    assert isinstance(seen, Mapping)
    assert set(seen) - {"LC_CTYPE"} == {"PATH", "HOME", "ITSM_URL", "NETSAGA_IDEMPOTENCY_KEY"}
    assert result.log is not None
    assert await shelf.store.get(result.log) == b"looking at it\n"


async def test_a_path_is_relative_to_the_folder_of_the_script(shelf: Shelf) -> None:
    program = shelf.folder / "close.sh"
    program.write_text("#!/bin/sh\ncat\n")
    program.chmod(0o755)
    shelf.allow(["./close.sh"])
    assert (await shelf.run(given={"a": [1, None]})).result == {"a": [1, None]}


@pytest.mark.parametrize(
    ("output", "result"),
    [("", None), ("  \n", None), ("[1,\n 2]", [1, 2]), ("done\n{}\n\n", {}), ('"größe"', "größe"), ("null", None)],
)
async def test_the_result_is_the_whole_output_or_its_last_line(shelf: Shelf, output: str, result: JsonValue) -> None:
    shelf.python(f"import sys; sys.stdout.buffer.write({output!r}.encode())")
    assert (await shelf.run()).result == result


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("print('done')", "check_failed", "printed something that is not JSON"),
        ("print('NaN')", "check_failed", "printed something that is not JSON"),
        ("print('\"' + 'x' * 70000 + '\"')", "check_failed", "a result of 70,003 bytes"),
        ("import sys; sys.stderr.write('a\\nno such ticket\\n\\n'); sys.exit(4)", "check_failed", "4: no such ticket"),
        ("print('no such ticket'); raise SystemExit(1)", "check_failed", "status 1: no such ticket"),
        ("import os; os.kill(os.getpid(), 9)", "check_failed", "was killed by signal 9"),
        ("raise SystemExit(75)", "transient", "asks to be tried again later"),
        ("while True: print('x' * 100000)", "check_failed", "printed more than anybody can read"),
    ],
)
async def test_what_goes_wrong_has_its_class_and_its_words(shelf: Shelf, code: str, kind: str, said: str) -> None:
    shelf.python(code)
    error = await shelf.refused(retry_on=("transient",))
    assert (error.type, error.non_retryable) == (kind, kind != "transient")
    assert error.message.startswith("script `close` ")
    assert said in error.message


async def test_a_failure_that_passes_is_the_blocks_where_the_step_has_one(shelf: Shelf) -> None:
    shelf.python("raise SystemExit(75)")
    error = await shelf.refused(block="presentation", retry_on=("block_unavailable",))
    assert (error.type, error.non_retryable) == ("block_unavailable", False)
    assert error.message.startswith("presentation: script `close` asks")


async def test_what_the_settings_pass_on_is_in_no_log_and_no_message(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ITSM_TOKEN", "t0ken-value")
    code = "import os, sys; sys.stderr.write('using ' + os.environ['ITSM_TOKEN'] + chr(10)); sys.exit(EXIT)"
    shelf.python(code.replace("EXIT", "1"), environment=("ITSM_TOKEN",))
    assert "using <redacted>" in (await shelf.refused()).message
    shelf.python(code.replace("EXIT", "0"), environment=("ITSM_TOKEN",))
    log = (await shelf.run()).log
    assert log is not None
    assert await shelf.store.get(log) == b"using <redacted>\n"


async def test_what_cannot_be_started_is_said(shelf: Shelf) -> None:
    shelf.allow(["./gone.py"])
    error = await shelf.refused(retry_on=("transient",))
    assert (error.type, error.non_retryable) == ("permanent", True)
    assert "cannot be started: No such file or directory" in error.message


async def test_a_name_that_the_settings_do_not_know_is_refused(shelf: Shelf) -> None:
    shelf.python("print(1)", "close-ticket")
    error = await shelf.refused("close-tiket")
    assert error.type == "invalid_input"
    assert "did you mean `close-ticket`?" in error.message


async def test_a_script_need_not_read_its_input(shelf: Shelf) -> None:
    shelf.python("import os; os.close(0); print(1)")
    assert (await shelf.run(given="x" * 1_000_000)).result == 1


# ----------------------------------------------------------------------------------------------------- again and again


KEYS = "import os; open('keys', 'a').write(os.environ['NETSAGA_IDEMPOTENCY_KEY'] + chr(10)); {end}"


async def test_all_attempts_have_one_key_and_a_result_that_was_received_is_not_asked_for_again(shelf: Shelf) -> None:
    shelf.python(KEYS.format(end="raise SystemExit(75)"))
    await shelf.refused()
    shelf.python(KEYS.format(end="print(7)"))
    assert [(await shelf.run(attempt=number)).result for number in (2, 3)] == [7, 7]
    keys = (shelf.folder / "keys").read_text().split()
    assert (len(keys), len(set(keys))) == (2, 1)


# ------------------------------------------------------------------------------------------------------ nothing is left

FAMILY = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("family.new", "w").write(f"{os.getpid()} {child.pid}")
os.rename("family.new", "family")
HOW
"""


async def gone(shelf: Shelf) -> None:
    pids = [int(pid) for pid in (shelf.folder / "family").read_text().split()]
    await until(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.parametrize("how", ["time.sleep(600)", "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
async def test_at_its_limit_the_whole_family_is_ended(shelf: Shelf, how: str) -> None:
    shelf.python(FAMILY.replace("HOW", how), timeout_s=1.0)
    error = await shelf.refused(retry_on=("transient",))
    assert (error.type, error.non_retryable) == ("transient", False)
    assert "did not finish within 1 s" in error.message
    await gone(shelf)


async def test_what_a_script_leaves_behind_is_ended_and_does_not_keep_the_result(shelf: Shelf) -> None:
    shelf.python(FAMILY.replace("HOW", "print(5)"))
    assert (await shelf.run()).result == 5
    await gone(shelf)


SAYING = "sys.stderr.write('one of two, t0ken-value\\n'); print('a word', flush=True); "


@pytest.mark.parametrize(
    ("saying", "kept"), [(SAYING, b"one of two, <redacted>\na word\n"), ("", None)], ids=["told", "silent"]
)
async def test_a_cancel_ends_the_whole_family_and_what_was_printed_is_kept(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, saying: str, kept: bytes | None
) -> None:
    monkeypatch.setenv("ITSM_TOKEN", "t0ken-value")
    family = FAMILY.replace("child =", f"{saying}child =").replace("HOW", "time.sleep(600)")
    shelf.python(family, environment=("ITSM_TOKEN",))
    env = environment()
    running = asyncio.create_task(env.run(Scripts(shelf.store, shelf.scripts).script, shelf.input()))
    await until((shelf.folder / "family").exists)
    env.cancel()
    with pytest.raises(ApplicationError) as caught:
        async with asyncio.timeout(20):
            await running
    await gone(shelf)
    error = caught.value
    assert (error.type, error.non_retryable) == ("cancelled", True)
    log = ScriptCut.model_validate(error.details[0]).log
    assert "script `close` was ended by a cancel while it ran" in error.message
    assert ("artifact" in error.message) == (log is not None)
    assert kept == (None if log is None else await shelf.store.get(log))


async def test_the_end_of_a_worker_is_no_cancel_of_the_run(shelf: Shelf) -> None:
    shelf.python(FAMILY.replace("HOW", "time.sleep(600)"))
    env = environment()
    running = asyncio.create_task(env.run(Scripts(shelf.store, shelf.scripts).script, shelf.input()))
    await until((shelf.folder / "family").exists)
    env.cancel(ActivityCancellationDetails(worker_shutdown=True))
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(20):
            await running
    await gone(shelf)


# ---------------------------------------------------------------------------------------------------------- functions

MODULE = """
import asyncio
def close(given):
    print("a word on the way")
    return {"closed": given["ticket"]}
async def later(given):
    await asyncio.sleep(0)
    return given
def alone():
    return [1]
def broken(given):
    raise ValueError("no such ticket")
def odd(given):
    return {1, 2}
"""


async def test_a_python_function_is_called_in_a_process_of_its_own(shelf: Shelf) -> None:
    (shelf.folder / "tickets").mkdir()
    (shelf.folder / "tickets" / "closing.py").write_text(MODULE)
    for name in ("close", "later", "alone"):
        shelf.scripts[name] = Script.of_function(f"tickets.closing:{name}", shelf.folder)
    given: JsonValue = {"ticket": "RITM1"}
    assert (await shelf.run("close", given, scope=SCOPE)).result == {"closed": "RITM1"}
    assert (await shelf.run("later", given, step="later")).result == given
    assert (await shelf.run("alone", given, step="alone")).result == [1]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("closing:broken", "ended with status 1: ValueError: no such ticket"),
        ("closing:odd", "TypeError: Object of type set is not JSON serializable"),
        ("closing:gone", "ended with status 2: closing:gone cannot be imported"),
        ("nothing:gone", "cannot be imported: No module named 'nothing'"),
    ],
)
async def test_what_goes_wrong_in_a_function_is_said(shelf: Shelf, function: str, said: str) -> None:
    (shelf.folder / "closing.py").write_text(MODULE)
    shelf.scripts["close"] = Script.of_function(function, shelf.folder)
    error = await shelf.refused()
    assert error.type == "check_failed"
    assert said in error.message
