"""Carries out an `ansible` step: a playbook of the settings, at most once, unless it is safe to repeat.

Ansible keeps no journal. A playbook that was cut off (its worker died, its time was over) has done something that
nobody knows: that is ``outcome_unknown``, and it is not run again by itself, unless the settings say ``repeat: safe``.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from temporalio.exceptions import ApplicationError

from activities.ansible.private import private_folder
from activities.ansible.report import ReportError, judged
from activities.ansible.running import Playbook, carried_out, prepared
from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.attempts import Attempts, cancelled_by_run, cut_off
from activities.deviceinteraction.failures import StaleAttempt
from activities.deviceinteraction.redaction import Redactor
from activities.fence import AttemptFence
from activities.outcomes import shortened
from activities.parameters import parameters_of
from activities.processes import CutOff, ProcessFailure
from activities.rounds import BEGUN, Round, current
from activities.secrets.store import SecretError, SecretStore
from activities.values import BUNDLE
from workflows.contracts import ArtifactRef, Device, ScriptInput, ScriptResult
from workflows.errors import FailureType, InvalidInputError, failure
from workflows.suggest import did_you_mean

PRINTED: Final = "printed"
LOOK: Final = "look at its hosts, then answer `retry` or go on without it"


class Ansible:
    """Holds what may be run.

    Args:
        documents: Where logs go, and the run's devices are.
        secrets: What logs in to those.
        playbooks: By the names that definitions use.
    """

    def __init__(self, documents: Documents, secrets: SecretStore, playbooks: Mapping[str, Playbook]) -> None:
        self._documents = documents
        self._secrets = secrets
        self._playbooks = playbooks

    async def run(self, call: ScriptInput, fence: AttemptFence) -> ScriptResult:
        """Run it.

        Raises:
            ApplicationError: ``check_failed`` where a host failed or Ansible could not begin, ``unreachable`` where
                hosts could not be reached, ``outcome_unknown`` where it was cut off, ``permanent`` where it cannot be
                started, ``invalid_input`` for a name or a variable that is not allowed, ``cancelled`` where the
                run's cancel has ended it, with a `ScriptCut`.
        """
        attempts = Attempts(self._documents.store, call.scope, call.step, call.retry_on)
        where = f"ansible `{call.run}`"
        try:
            playbook = self._known(call.run)
            round_, result = await current(self._documents.store, attempts.identity)
            if result is not None:
                return result
            return await self._once(_Step(call, playbook, attempts, round_), fence)
        except InvalidInputError as error:
            raise await attempts.failed("invalid_input", f"{where}: {error}") from None
        except (SecretError, ProcessFailure) as error:
            raise await attempts.failed("permanent", f"{where}: {error}") from None
        except OSError as error:
            raise await attempts.failed("permanent", f"{where}: its files cannot be written: {error}") from None
        except StaleAttempt as error:
            raise await attempts.failed("transient", f"{where}: {error}") from None
        except ArtifactError as error:
            raise await attempts.failed("block_unavailable", f"executor: {error}") from None

    async def _once(self, step: "_Step", fence: AttemptFence) -> ScriptResult:
        call, playbook = step.call, step.playbook
        if await step.round.read(BEGUN) is not None:
            await step.interrupted()
        parameters = parameters_of(call.given)
        devices = await self._devices(call) if playbook.inventory is None else []
        with private_folder() as folder:
            ready = await prepared(playbook, parameters, devices, self._secrets, folder)
            fence.check()
            if not await step.round.write(BEGUN):
                await step.interrupted()
            try:
                ended, report = await carried_out(ready, playbook.folder, step.limit_s)
            except ProcessFailure:
                await step.round.end()  # nothing has run
                raise
            except CutOff as cut:
                raise await step.cut_off(Redactor(ready.secrets)(cut.stderr)) from None
        hide = Redactor(ready.secrets)
        log = await self._log(hide(ended.stderr))
        failed = judged(report, ended, step.limit_s)
        if failed is None and report is not None:
            try:
                result = ScriptResult(result=report.result(ready.secrets), log=log)
            except ReportError as error:
                failed = ("check_failed", str(error))
            else:
                await step.round.end(result)
                return result
        assert failed is not None, "that there is no report is a failure"
        await step.round.end()
        raise await step.failed(failed[0], hide(failed[1]), f" (all of it: netsaga artifact {log})" if log else "")

    async def _devices(self, call: ScriptInput) -> list[Device]:
        """The run's devices, without those in maintenance."""
        if call.prepared is None:
            raise InvalidInputError(
                "the run was begun by a netsaga that could not hand its devices over; begin it anew"
            )
        bundle = await self._documents.load(call.prepared, BUNDLE)
        return [device for device in bundle.devices.values() if not device.maintenance]

    async def _log(self, text: str) -> ArtifactRef | None:
        return await self._documents.save_text(text) if text else None

    def _known(self, name: str) -> Playbook:
        if name not in self._playbooks:
            near = did_you_mean(name, self._playbooks, "there are")
            raise InvalidInputError(f"it is not under `ansible` in the worker's settings; {near}")
        return self._playbooks[name]


@dataclass(frozen=True, slots=True)
class _Step:
    """One step that runs one playbook."""

    call: ScriptInput
    playbook: Playbook
    attempts: Attempts
    round: Round

    @property
    def limit_s(self) -> float:
        """How long it may take."""
        return min(self.call.timeout_s, self.playbook.timeout_s or self.call.timeout_s)

    @property
    def where(self) -> str:
        """How it is called in messages."""
        return (self.call.block.replace("_", " ") + ": " if self.call.block else "") + f"ansible `{self.call.run}`"

    async def interrupted(self) -> None:
        """Raise where what an earlier attempt began may not be begun again."""
        if self.playbook.repeat == "safe":
            return
        await self.round.give_up()
        log = (await self.round.read(PRINTED) or {}).get("log")
        end = (
            f" (what it printed until then: netsaga artifact {log})"
            if log
            else " (`repeat: safe` in the worker's settings runs such a playbook again by itself.)"
        )
        said = f"{self.where}: its worker stopped while it ran, and what it has done by then is not known; {LOOK}."
        raise failure("outcome_unknown", shortened(said, end))

    async def cut_off(self, printed: str) -> BaseException:
        """What to raise where a cancel has ended it: the run's own, or that of a worker which stops."""
        log = await self.attempts.last_words(printed)
        if cancelled_by_run():
            return cut_off(f"{self.where} was ended by a cancel while it ran; look at its hosts", log)
        with contextlib.suppress(ArtifactError):  # whoever looks at its hosts wants to know how far it came
            await self.round.write(PRINTED, log=log)
        return asyncio.CancelledError()

    async def failed(self, kind: FailureType, said: str, end: str) -> ApplicationError:
        """The failure to raise. A failed demand is tried again where the step says so, the rest where it is safe."""
        message = shortened(f"{self.where} {said}", end)
        if self.playbook.repeat == "never" and kind in {"outcome_unknown", "unreachable"}:
            return failure(kind, message)
        if kind == "outcome_unknown":
            kind = "block_unavailable" if self.call.block else "transient"
        return await self.attempts.failed(kind, message)
