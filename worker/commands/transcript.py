"""`python -m worker transcript RUN HOST`: what was said between a run and a device, from the run's record.

It needs no Temporal server, but the artifact store: a record is written at the end of a run. What it prints or writes
was redacted before it was kept.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.recording import RecordingError, for_people, read
from worker.settings import Settings, SettingsError
from workflows.contracts import ArtifactRef
from workflows.suggest import did_you_mean

RUNS: Final = "runs"
LAST: Final = "last"


class TranscriptError(SettingsError):
    """There is no such transcript; the message says what there is, or when there will be."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """One transcript of a record."""

    title: str
    ref: ArtifactRef


async def show_transcript(settings: Settings, run: str, host: str, *, step: str | None, out: Path | None) -> int:
    """Print what was said, or write it to a file as it was kept.

    Args:
        settings: For the artifact store.
        run: Its workflow id, or ``last`` for the run whose record is the newest.
        host: The device.
        step: Only of this step; of all steps, in their order, where ``None``.
        out: Where to write it for `netsaga testbed --playback`; ``-`` is standard output. For people where ``None``.

    Raises:
        TranscriptError: No record, device or step of that name, or nobody logged in.
        SettingsError: The store cannot be read, or the file cannot be written.
    """
    try:
        store = LocalArtifactStore(settings.artifacts.path)
        kept = _of(await _record(store, run), host, step)
        texts = [(one.title, (await store.get(one.ref)).decode()) for one in kept]
    except ArtifactError as error:
        raise SettingsError(str(error)) from error
    if out is None:
        for title, text in texts:
            print(f"{title}\n{_for_people(text, title)}")
        return 0
    whole = "".join(text for _, text in texts)
    if str(out) == "-":
        sys.stdout.write(whole)
        return 0
    try:
        await asyncio.to_thread(out.write_text, whole, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{out}: the transcript cannot be written: {error.strerror}") from error
    print(f"written to {out}; play it back with: netsaga testbed --playback {out}")
    return 0


async def _record(store: LocalArtifactStore, run: str) -> Mapping[str, Any]:  # Any: JSON
    folder = await store.newest(RUNS) if run == LAST else run.replace("/", "%2F")
    found = None if folder is None else await store.published(f"{RUNS}/{folder}/record.json")
    if found is None:
        raise TranscriptError(
            f"run {run!r} has no record in {store.root}: it has not ended yet (a record is written at its end: "
            "`netsaga watch RUN`), there is no such run, or its workers keep another store."
        )
    record: Mapping[str, Any] = json.loads(found)
    return record


def _of(record: Mapping[str, Any], host: str, step: str | None) -> list[_Kept]:
    if host not in record["inventory"]:
        near = did_you_mean(host, record["inventory"], "it has")
        raise TranscriptError(f"{host!r} is not a device of this run; {near}")
    steps = dict.fromkeys([*record["outcomes"], *record["undo"]])
    if step is not None and step not in steps:
        raise TranscriptError(f"{step!r} is not a step of this run over devices; {did_you_mean(step, steps, 'it has')}")
    found = [kept for name in ([step] if step else steps) for kept in _of_step(record, host, name)]
    if not found:
        where = f"step {step!r}" if step else "any step"
        raise TranscriptError(f"nobody logged in to {host} in {where} of this run, so nothing was said.")
    return found


def _of_step(record: Mapping[str, Any], host: str, step: str) -> Iterator[_Kept]:
    for title, part in ((f"step {step}", "outcomes"), (f"undo of step {step}", "undo")):
        ref = record[part].get(step, {}).get(host, {}).get("transcript")
        if ref is not None:
            yield _Kept(title, ArtifactRef(ref))


def _for_people(text: str, title: str) -> str:
    try:
        return for_people(read(text, title))
    except RecordingError:
        return text  # of a netsaga before transcripts had a format: it is text for people already
