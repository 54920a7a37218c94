"""`python -m worker diffs RUN|FILE`: every change that a run has proposed, whole, equal ones together, for all devices.

A gate and a plan show the most common ones, and their beginnings. Whoever approves reads all of them here. Which ones
they are the run itself says: those that its open gates bind, and at its end those of its record. Their texts are in the
artifact store, under their hashes.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError
from activities.report.view import Diff, diffs
from activities.values import FOLD
from starter.client import Orchestrator
from starter.planfile import read
from starter.render.words import clean, number
from starter.told import talks_to
from worker.settings import Settings, SettingsError, TemporalSettings
from workflows.contracts import DeviceOutcome, RunStatus
from workflows.plan import HostName, StepId
from workflows.suggest import did_you_mean

Outcomes = dict[HostName, DeviceOutcome]


async def show_diffs(settings: Settings, run: str, *, host: str | None, step: str | None) -> int:
    """Print changes as they were proposed.

    Args:
        settings: For the server and the artifact store.
        run: Its workflow id, ``last`` for the newest one, or the file of a plan.
        host: Only the change of this device.
        step: Only of this gate; of a run that has ended, of this step.

    Raises:
        SettingsError: Nothing was proposed there, or the store does not hold it.
        StarterError: There is no such run, it cannot be asked, or the file is no plan.
    """
    status = await _status(settings.temporal, await asyncio.to_thread(_named, run))
    try:
        documents = Documents(LocalArtifactStore(settings.artifacts.path))
        found = await _proposed(documents, status)
        if step is not None and step not in found:
            raise SettingsError(f"nothing was proposed at {step!r}; {did_you_mean(step, found, 'there are')}")
        chosen = [step] if step is not None else list(found)
        known = {one for name in chosen for one in found[name]}
        if host is not None and host not in known:
            raise SettingsError(f"nothing was proposed for {host!r}; {did_you_mean(host, sorted(known), 'there are')}")
        for name in chosen:
            for line in await _printed(documents, name, found[name], host):
                print(line)
    except ArtifactError as error:
        raise SettingsError(str(error)) from error
    return 0


def _named(run: str) -> str:
    """The run that a file of a plan names, or the run itself."""
    return read(Path(run)).run if Path(run).is_file() else run


async def _status(settings: TemporalSettings, run: str) -> RunStatus:
    talks_to(settings.address, settings.namespace)
    async with Orchestrator.connect(address=settings.address, namespace=settings.namespace) as orchestrator:
        return await (await orchestrator.find(run)).last_status()


async def _proposed(documents: Documents, status: RunStatus) -> dict[str, Outcomes]:
    """The outcomes with a change, by gate or by step.

    Raises:
        SettingsError: There are none, or not yet.
    """
    found: dict[str, Outcomes] = {}
    if status.result is not None and status.result.record is not None:
        record = json.loads(await documents.store.get(status.result.record))
        found = {step: FOLD.validate_python(outcomes) for step, outcomes in record["outcomes"].items()}
    for gate in status.gates:
        found[gate.step] = {}
        for ref in gate.folds:  # of a device that was tried again, the last one holds
            outcomes = await documents.load(ref, FOLD)
            found[gate.step].update(outcomes)
    proposed = {name: _with_a_change(outcomes) for name, outcomes in found.items()}
    proposed = {name: outcomes for name, outcomes in proposed.items() if outcomes}
    if not proposed:
        why = "it has proposed none" if status.result is not None else "no gate that binds changes is open"
        raise SettingsError(f"run {status.id} has no changes to show: {why}.")
    return proposed


def _with_a_change(outcomes: Mapping[HostName, DeviceOutcome]) -> Outcomes:
    """What a device failed on is not up for approval."""
    return {host: one for host, one in outcomes.items() if one.diff is not None and one.status == "succeeded"}


async def _printed(documents: Documents, name: str, outcomes: Outcomes, host: str | None) -> list[str]:
    groups = diffs({StepId(name): outcomes})
    devices = sum(len(group.hosts) for group in groups)
    lines = [f"{name}: {number(len(groups), 'kind')} of change, {number(devices, 'device')}"]
    for group in groups:
        if host is None or host in group.hosts:
            text = await documents.text(group.ref) if group.ref else ""
            lines += ["", *_group(group, text)]
    return [*lines, ""]


def _group(group: Diff, text: str) -> Iterator[str]:
    made = group.made.replace("_", " ") or "unavailable"
    yield f"  {number(len(group.hosts), 'device')} ({made}, {group.digest[:12]}): {', '.join(group.hosts)}"
    yield from (f"    {line}" for line in clean(text).splitlines() or ["no change"])
