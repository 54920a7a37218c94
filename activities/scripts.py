"""The activity `script`: a program or Python function that the settings allow. JSON in, JSON out.

The engines `ansible` and `awx` are ports of it: what they run has a journal of its own, for it may act only once.

A definition says only a name; what runs under it, with which environment and where, is the settings'. It runs at least
once: an attempt whose worker died is made again, with the same ``NETSAGA_IDEMPOTENCY_KEY``. A result that was received
is kept, so that an attempt which died afterwards does not run it again.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from pydantic import JsonValue, TypeAdapter
from temporalio import activity

from activities.artifacts.store import TEXT, ArtifactError, ArtifactStore
from activities.attempts import Attempts, cancelled_by_run, cut_off
from activities.deviceinteraction.redaction import Redactor
from activities.fence import AttemptFence, heartbeat
from activities.outcomes import shortened
from activities.processes import LOGGED, CutOff, Ended, ProcessFailure, run
from workflows import contracts
from workflows.contracts import INLINE, ArtifactRef, ScriptInput, ScriptResult
from workflows.errors import FailureType
from workflows.suggest import did_you_mean

QUOTED: Final = 120  # characters of what it said last, in a message
PASSED: Final = ("PATH", "HOME")
KEY: Final = "NETSAGA_IDEMPOTENCY_KEY"
_RESULT: Final = TypeAdapter(ScriptResult)


@dataclass(frozen=True, slots=True)
class Script:
    """Something that the settings allow.

    Args:
        command: A program and its arguments; no shell reads them.
        folder: Where it runs.
        environment: The variables of the worker that it sees besides ``PATH`` and ``HOME``.
        timeout_s: The longest that it may take, whatever its step allows.
    """

    command: Sequence[str]
    folder: Path
    environment: Sequence[str] = ()
    timeout_s: float | None = None

    @classmethod
    def of_function(
        cls, function: str, folder: Path, environment: Sequence[str] = (), timeout_s: float | None = None
    ) -> "Script":
        """A Python function, ``package.module:name``, importable from ``folder`` or from what is installed."""
        return cls((sys.executable, "-m", "activities.functions", function), folder, environment, timeout_s)


class Engine(Protocol):
    """Carries out `script` steps in its own way."""

    async def run(self, call: ScriptInput, fence: AttemptFence) -> ScriptResult:
        """Carry out one, in the context of the activity; raises as `Scripts.script` does."""
        ...


class Scripts:
    """Holds what may be run.

    Args:
        store: Where logs go.
        scripts: By the names that definitions use.
        engines: Others than `script`, by their names.
    """

    def __init__(
        self, store: ArtifactStore, scripts: Mapping[str, Script], engines: Mapping[str, Engine] | None = None
    ) -> None:
        self._store = store
        self._scripts = scripts
        self._engines = engines or {}

    @activity.defn(name=contracts.SCRIPT)
    async def script(self, call: ScriptInput) -> ScriptResult:
        """Run it.

        Raises:
            ApplicationError: ``check_failed`` where it ends with another status than 0, or says no JSON;
                ``transient`` (``block_unavailable`` for a step with a block) for status 75 and where it takes too long;
                ``permanent`` where it cannot be started, ``invalid_input`` where the settings do not name it;
                ``cancelled`` where the run's cancel has ended it, with a `ScriptCut`.
        """
        async with heartbeat() as fence:  # a cancel reaches only those who heartbeat
            if call.engine == "script":
                return await self._attempt(call)
            assert call.engine in self._engines, f"the registry has no engine {call.engine}"
            return await self._engines[call.engine].run(call, fence)

    async def _attempt(self, call: ScriptInput) -> ScriptResult:
        attempts = Attempts(self._store, call.scope, call.step, call.retry_on)
        where = (call.block.replace("_", " ") + ": " if call.block else "") + f"script `{call.run}`"
        script = self._scripts.get(call.run)
        if script is None:
            near = did_you_mean(call.run, self._scripts, "there are")
            said = f"`{call.run}` is not under `scripts` in the worker's settings; {near}"
            raise await attempts.failed("invalid_input", said)
        passing: FailureType = "block_unavailable" if call.block else "transient"
        environment = {name: os.environ[name] for name in (*PASSED, *script.environment) if name in os.environ}
        hide = Redactor(environment[name] for name in script.environment if name in environment)
        limit_s = min(call.timeout_s, script.timeout_s or call.timeout_s)
        try:
            if (earlier := await self._store.read(f"script/{attempts.identity}")) is not None:
                return _RESULT.validate_json(earlier)
            environment |= {KEY: attempts.key}
            ended = await run(script.command, script.folder, environment, _sent(call.given), limit_s)
            log = await self._log(hide(ended.stderr))
            failed = _judged(ended, passing, limit_s)
            if failed is not None:
                said = shortened(f"{where} {hide(failed[1])}", _where_to_read(log))
                raise await attempts.failed(failed[0], said)
            result = ScriptResult(result=_result(ended.stdout), log=log)
            await self._store.create(f"script/{attempts.identity}", _RESULT.dump_json(result))
            return result
        except CutOff as cut:
            if not cancelled_by_run():
                raise  # another attempt begins anew
            # Nothing is made of its output, so what it has said there is worth as much as its log.
            log = await attempts.last_words(hide(cut.stderr + cut.stdout[-LOGGED:]))
            raise cut_off(f"{where} was ended by a cancel while it ran; look at what it has done", log) from None
        except ProcessFailure as error:
            raise await attempts.failed("permanent", f"{where} {error}") from None
        except _UnreadableError as error:
            raise await attempts.failed("check_failed", f"{where} {error}") from None
        except ArtifactError as error:
            raise await attempts.failed("block_unavailable", f"executor: {error}") from None

    async def _log(self, text: str) -> ArtifactRef | None:
        return await self._store.put(text.encode(), TEXT) if text else None


def _where_to_read(log: ArtifactRef | None) -> str:
    return f" (all of it: netsaga artifact {log})" if log else ""


class _UnreadableError(ValueError):
    """A result that is none."""


def _sent(given: JsonValue) -> bytes:
    return json.dumps(given, ensure_ascii=False).encode() + b"\n"


def _judged(ended: Ended, passing: FailureType, limit_s: float) -> tuple[FailureType, str] | None:
    """The class of what went wrong, and what it said last; None where nothing did."""
    last = next((line for text in (ended.stderr, ended.stdout) for line in _lines(text)[-1:]), "")
    said = f": {last[:QUOTED]}" if last else ""
    match ended.status:
        case 0:
            return None
        case "timeout":
            return passing, f"was ended, for it did not finish within {limit_s:g} s{said}"
        case "flood":
            return "check_failed", "was ended, for it printed more than anybody can read"
        case os.EX_TEMPFAIL:
            return passing, f"asks to be tried again later (status {os.EX_TEMPFAIL}){said}"
        case status if status < 0:
            return "check_failed", f"was killed by signal {-status}{said}"
        case status:
            return "check_failed", f"ended with status {status}{said}"


def _result(stdout: str) -> JsonValue:
    """What it said: all of it, or else its last line, is JSON. Nothing is null."""
    lines = _lines(stdout)
    if not lines:
        return None
    for text in (stdout, lines[-1]):
        try:
            value: JsonValue = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            continue
        if len(text.encode()) > INLINE:
            raise _UnreadableError(
                f"printed a result of {len(text.encode()):,} bytes, and a run can keep {INLINE:,}; say less, and leave "
                "what is large elsewhere"
            )
        return value
    raise _UnreadableError(
        "printed something that is not JSON: neither all of its output nor its last line; log to standard error"
    )


def _no_number(text: str) -> JsonValue:
    raise ValueError(f"{text} is no JSON")  # RFC 8259, section 6


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
