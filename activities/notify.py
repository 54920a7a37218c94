"""The activity `notify`: tells people, through targets that the worker's settings name.

A target delivers a text once for a run and a step, however often it is asked: an attempt that died after it delivered
must not tell people twice.
"""

import asyncio
import fcntl
import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.fence import heartbeat
from activities.rendering import render
from activities.values import BUNDLE
from workflows import contracts
from workflows.contracts import Bundle, NotifyInput, NotifyResult
from workflows.errors import EvaluationError, failure

log: Final = logging.getLogger(__name__)


class NotifyError(RuntimeError):
    """A target that could not be told; it may work in a moment."""


class NotifyTarget(Protocol):
    """Somebody who can be told something."""

    async def deliver(self, identity: str, text: str) -> str:
        """Deliver a text, once for an identity; returns where it went.

        Raises:
            NotifyError: It could not be delivered.
        """
        ...


class FileTarget:
    """Appends Markdown to a file. An invisible comment marks each block, so that none is written twice.

    Args:
        path: The file; its folder is created.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, identity: str, text: str) -> str:
        """Append the text durably."""
        try:
            await asyncio.to_thread(self._append, identity, text)
        except OSError as error:
            raise NotifyError(f"{self._path} cannot be written: {error.strerror}.") from error
        return str(self._path)

    def _append(self, identity: str, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        marker = f"<!-- netsaga {hashlib.sha256(identity.encode()).hexdigest()[:24]} -->"
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # several workers may share the file
            file.seek(0)
            if any(marker.encode() in line for line in file):
                return
            # The marker comes last: without it, a block that a crash cut short is written again.
            file.write(f"\n{text.rstrip()}\n\n{marker}\n".encode())
            file.flush()
            os.fsync(file.fileno())


class LogTarget:
    """Writes to the worker's log."""

    async def deliver(self, identity: str, text: str) -> str:
        """Log the text."""
        log.info("notification of %s\n%s", identity, text)
        return "the worker's log"


class Notify:
    """Holds who can be told.

    Args:
        documents: The artifact store, typed.
        targets: By name.
        run_url: Where the Web UI shows a run, with ``{id}`` in it for the workflow id; empty where there is none.
    """

    def __init__(self, documents: Documents, targets: Mapping[str, NotifyTarget], run_url: str = "") -> None:
        self._documents = documents
        self._targets = targets
        self._run_url = run_url

    @activity.defn(name=contracts.NOTIFY)
    @heartbeat()
    async def notify(self, call: NotifyInput) -> NotifyResult:
        """Render the text and deliver it.

        Raises:
            ApplicationError: ``invalid_input`` where the text cannot be rendered or the target is not known,
                ``block_unavailable`` where it cannot be told.
        """
        identity = f"{call.scope.run}/{call.step}" + (f"/{call.occasion}" if call.occasion else "")
        done = f"notify/{identity}"
        try:
            earlier = await self._documents.store.read(done)
            if earlier is not None:
                return NotifyResult(delivered=earlier.decode())
            target = self._targets.get(call.to)
            if target is None:
                raise failure("invalid_input", f"`{call.to}` is not under `notify` in the worker's settings.")
            bundle = await self._documents.load(call.prepared, BUNDLE)
            where = await target.deliver(identity, self._text(call, bundle))
            await self._documents.store.create(done, where.encode())
        except EvaluationError as error:
            raise failure("invalid_input", f"step `{call.step}`: {error}") from None
        except NotifyError as error:
            raise failure("block_unavailable", f"presentation: notify `{call.to}`: {error}", retry=True) from None
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}", retry=True) from None
        return NotifyResult(delivered=where)

    def _text(self, call: NotifyInput, bundle: Bundle) -> str:
        if call.template is None:
            return call.message or ""
        return render(call.template, bundle.plan.templates[call.template], self._context(call, bundle))

    def _context(self, call: NotifyInput, bundle: Bundle) -> dict[str, object]:
        """What a message's template sees: ``run``, ``inputs`` and ``counts``."""
        result = call.result
        devices = [
            {
                "name": device.name,
                "platform": bundle.devices[device.name].platform if device.name in bundle.devices else "",
                "status": device.status,
                "changed": device.status == "changed",
                "message": device.message,
            }
            for device in result.devices
        ]
        run = {
            "id": result.id,
            "definition": result.definition,
            "version": result.version,
            "verdict": result.verdict,
            "message": result.message,
            "requester": result.requester,
            "reason": result.reason,
            "url": self._run_url.replace("{id}", result.id),
            "devices": devices,
            "devices_omitted": result.devices_omitted,
        }
        return {"run": run, "inputs": dict(bundle.inputs), "counts": dict(result.counts)}
