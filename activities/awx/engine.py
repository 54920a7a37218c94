"""Carries out an `awx` step: launches a template of the settings once, follows it to its end, brings its result home.

What was launched goes on without this worker: its id is journaled, and whichever attempt comes next follows it further.
A cancel of the run is passed on; the end of a worker is none.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from temporalio.exceptions import ApplicationError

from activities.answers import Refused
from activities.artifacts.store import TEXT, ArtifactError
from activities.attempts import KEY_LENGTH, Attempts, cancelled_by_run, cut_off
from activities.awx.controller import CALL_S, Controller, Launched
from activities.awx.following import STOPPING_S, Following, Gone
from activities.awx.launching import SETTLE_S, Clock, Launch, Launching, Lost
from activities.awx.results import hosts_of, judged, log_of, result_of
from activities.deviceinteraction.failures import StaleAttempt
from activities.deviceinteraction.redaction import Redactor
from activities.fence import AttemptFence
from activities.http import Http
from activities.outcomes import shortened
from activities.parameters import parameters_of
from activities.rounds import Round, current
from activities.secrets.store import SecretError
from activities.tls import TrustError
from workflows.contracts import INLINE, ArtifactRef, ScriptInput, ScriptResult
from workflows.errors import FailureType, InvalidInputError, failure
from workflows.suggest import did_you_mean

TOO_MUCH: Final[tuple[FailureType, str]] = (
    "check_failed",
    f"set more than {INLINE:,} bytes with `set_stats`, which a run cannot keep",
)
LAST_WORDS_S: Final = 45.0  # for passing a cancel on
EVENTS_S: Final = 2.0  # until what was printed by something that was cancelled is complete ...
LOG_S: Final = 3.0  # ... and for fetching it


class Awx:
    """Holds what may be launched.

    Args:
        http: Calls systems; its store keeps logs and the journal.
        launches: By the names that definitions use.
        clock: For waiting.
    """

    def __init__(self, http: Http, launches: Mapping[str, Launch], clock: Clock | None = None) -> None:
        self._http = http
        self._launches = launches
        self._clock = clock or Clock()

    async def run(self, call: ScriptInput, fence: AttemptFence) -> ScriptResult:
        """Launch and follow.

        Raises:
            ApplicationError: ``check_failed`` where the job failed, ``cancelled`` where somebody cancelled it in AWX,
                ``block_unavailable`` and ``block_degraded`` where AWX cannot be spoken to or could not run it,
                ``permanent`` where it does not let us in, ``invalid_input`` for what it does not take,
                ``outcome_unknown`` where it cannot be told whether or how it goes on; where the run is cancelled and
                the job ends, ``cancelled`` with a `ScriptCut`.
        """
        attempts = Attempts(self._http.store, call.scope, call.step, call.retry_on)
        where = (call.block.replace("_", " ") + ": " if call.block else "") + f"awx `{call.run}`"
        try:
            round_, result = await current(self._http.store, attempts.identity)
            if result is not None:
                return result
            return await self._step(call, attempts, round_, where).carried_out(fence)
        except Refused as refused:
            raise await attempts.failed(refused.kind, f"{where}: {refused.message}", refused.after) from None
        except InvalidInputError as error:
            raise await attempts.failed("invalid_input", f"{where}: {error}") from None
        except (SecretError, TrustError) as error:
            raise await attempts.failed("permanent", f"{where}: {error}") from None
        except StaleAttempt as error:
            raise await attempts.failed("transient", f"{where}: {error}") from None
        except ArtifactError as error:
            raise await attempts.failed("block_unavailable", f"executor: {error}") from None

    def _step(self, call: ScriptInput, attempts: Attempts, round_: Round, where: str) -> "_Step":
        if call.run not in self._launches:
            near = did_you_mean(call.run, self._launches, "there are")
            raise InvalidInputError(f"it is not under `awx` in the worker's settings; {near}")
        launch = self._launches[call.run]
        limit_s = min(call.timeout_s, launch.timeout_s or call.timeout_s)
        controller = Controller(
            self._http, launch.system, call.scope, call.step, attempts.key, launch.api, min(CALL_S, limit_s)
        )
        mark = sha256(f"{round_.prefix}".encode()).hexdigest()[:KEY_LENGTH]
        launching = Launching(controller, launch, parameters_of(call.given), round_, mark, self._clock)
        return _Step(controller, launching, Following(controller, self._clock), attempts, round_, where, limit_s)


@dataclass(frozen=True, slots=True)
class _Step:
    """One step that launches one template."""

    controller: Controller
    launching: Launching
    following: Following
    attempts: Attempts
    round: Round
    where: str
    limit_s: float

    async def carried_out(self, fence: AttemptFence) -> ScriptResult:
        until_s = self.launching.clock.now() + self.limit_s
        try:
            job = await self.launching.once(fence, until_s)
            job = await self.following.end_of(job, until_s)
            if not job.over:
                raise await self._overdue(job)
            return await self._brought_home(job)
        except asyncio.CancelledError:
            if not cancelled_by_run():
                raise  # the worker stops, or another attempt has begun: what was launched goes on
            stopped = await self._cancelled()
            if stopped is None:
                raise  # nothing was launched
            raise await self._cut_off(stopped) from None
        except Lost as lost:
            await self.round.give_up()
            raise failure("outcome_unknown", shortened(f"{self.where}: {lost}")) from None
        except Gone:
            await self.round.end()
            raise await self._failed("check_failed", "what it launched was deleted in AWX while it ran") from None

    async def _brought_home(self, job: Launched) -> ScriptResult:
        hosts = await hosts_of(self.controller, job)
        job = await self.following.printed(job)
        text = Redactor()(await log_of(self.controller, job))
        log = await self.controller.http.store.put(text.encode(), TEXT) if text else None
        address = self.controller.address(job)
        failed = judged(job, hosts)
        for told in (hosts, None) if failed is None else ():
            result = ScriptResult(result=result_of(job, told, address), log=log)
            if len(result.model_dump_json().encode()) <= INLINE:
                await self.round.end(result)
                return result
        await self.round.end()
        kept = f" (what it printed: netsaga artifact {log})" if log else ""
        kind, said = failed or TOO_MUCH
        raise await self._failed(kind, f"{job.name} {said}", f"; {address}{kept}")

    async def _overdue(self, job: Launched) -> ApplicationError:
        """The time is over: what was launched is stopped."""
        said = f"{job.name} did not end within {self.limit_s:g} s"
        address = self.controller.address(job)
        following = replace(self.following, controller=replace(self.controller, limit_s=STOPPING_S / 2))
        try:
            stopped = await following.stopped(job)
        except Refused as refused:
            return self._unknown(f"{said}, and cannot be cancelled: {refused.message}; {address}")
        if not stopped.over:
            return self._unknown(f"{said}, and was told to stop, which it has not done yet; {address}")
        log = await self._last_words(stopped)  # an attempt that is given up meanwhile finds the round still open
        await self.round.end()
        how = "was cancelled" if stopped.status == "canceled" else f"is {stopped.status} by now"
        kept = f" (what it printed: netsaga artifact {log})" if log else ""
        return await self._failed("check_failed", f"{said}, and {how}", f"; {address}{kept}")

    async def _cancelled(self) -> Launched | None:
        """The run is cancelled: pass it on to what was launched, also to a launch whose answer nobody waited for.

        Returns:
            What was launched, at its end; ``None`` where nothing was, or it is gone.

        Raises:
            ApplicationError: ``outcome_unknown`` where it may go on.
        """
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                settled_s = self.launching.clock.now() + SETTLE_S
                job = await self.launching.known() or await self.launching.begun(settled_s)
                if job is None:
                    return None
                stopped = await self.following.stopped(job)
            if stopped.over:
                await self.round.end()
                return stopped
            why = f"{stopped.name} was told to stop, which it has not done yet; {self.controller.address(stopped)}"
        except Refused as refused:
            why = refused.message
        except Lost as lost:
            why = str(lost)
        except Gone:
            return None
        except TimeoutError:
            why = f"AWX did not take the cancel within {LAST_WORDS_S:g} s"
        raise self._unknown(f"the run was cancelled, and what it launched may go on: {why}")

    async def _cut_off(self, job: Launched) -> ApplicationError:
        """The failure of a cancelled run's step."""
        how = "was cancelled, too" if job.status == "canceled" else f"was {job.status} before the cancel came"
        log = await self._last_words(job)
        return cut_off(f"{self.where}: {job.name} {how}; {self.controller.address(job)}", log)

    async def _last_words(self, job: Launched) -> ArtifactRef | None:
        """What something that was stopped had printed, as far as that can be had soon."""
        controller, text = replace(self.controller, limit_s=LOG_S), ""
        with suppress(TimeoutError):
            async with asyncio.timeout(EVENTS_S + LOG_S):
                with suppress(Refused, Gone):
                    job = await replace(self.following, controller=controller).printed(job, EVENTS_S)
                text = Redactor()(await log_of(controller, job))
        return await self.attempts.last_words(text)

    def _unknown(self, said: str) -> ApplicationError:
        """Where a retry would follow the same job further."""
        return failure("outcome_unknown", shortened(f"{self.where}: {said}"))

    async def _failed(self, kind: FailureType, said: str, end: str = "") -> ApplicationError:
        return await self.attempts.failed(kind, shortened(f"{self.where}: {said}", end))
