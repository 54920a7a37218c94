"""`python -m worker transcript RUN HOST`: what was said between a run and a device.

It needs no Temporal server, but the artifact store: the record of a run names its transcripts. While the run is under
way they are found by a log (`activities/logbook.py`), and a session that lasts is there before it is over. What is
printed or written was redacted before it was kept.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.recording import RecordingError, for_people, read
from activities.logbook import Logged
from worker.records import folder_of, record_in
from worker.settings import Settings, SettingsError
from workflows.contracts import ArtifactRef
from workflows.suggest import did_you_mean


class TranscriptError(SettingsError):
    """There is no such transcript; the message says what there is, or when there will be."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """One transcript, and what people read above it."""

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
        TranscriptError: No run, device or step of that name, or nobody has logged in yet.
        SettingsError: The store cannot be read, or the file cannot be written.
    """
    try:
        store = LocalArtifactStore(settings.artifacts.path)
        kept = await _found(store, run, host, step)
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


async def _found(store: LocalArtifactStore, run: str, host: str, step: str | None) -> list[_Kept]:
    """The transcripts of a run's record; of its log where it has not ended, or where another one of its name has."""
    folder = await folder_of(store, run)
    if folder is None:
        raise TranscriptError(f"no run has logged in to a device yet, as far as {store.root} knows.")
    found = await record_in(store, folder)
    logged = await store.newest(f"{folder}/transcripts")
    if found is not None and logged in {None, found["scope"]["run"]}:
        return _of(found, host, step)
    if logged is None:
        raise TranscriptError(
            f"run {run!r} has neither a record nor a transcript in {store.root}: it has not logged in to any device "
            "yet (`netsaga watch RUN`), there is no such run, or its workers keep another store."
        )
    lines = await store.appended(f"{folder}/transcripts/{logged}")
    return _of_log([Logged.model_validate_json(line) for line in lines], host, step)


def _of_log(lines: Sequence[Logged], host: str, step: str | None) -> list[_Kept]:
    """One transcript for each attempt, in the order in which they began; the last line of an attempt holds the most."""
    hosts, steps = dict.fromkeys(line.host for line in lines), dict.fromkeys(line.step for line in lines)
    so_far = "so far the run has logged in to"
    if host not in hosts:
        raise TranscriptError(f"nothing was said to {host!r} yet; {did_you_mean(host, hosts, so_far)}")
    if step is not None and step not in steps:
        near = did_you_mean(step, steps, "so far there are those of")
        raise TranscriptError(f"the run has no transcript of a step {step!r} yet; {near}")
    newest: dict[tuple[str, str, int, int], Logged] = {}
    for line in sorted(lines, key=lambda line: line.at):
        if line.host == host and step in {None, line.step}:
            newest[line.step, line.part, line.generation, line.attempt] = line
    if not newest:
        raise TranscriptError(f"nothing was said to {host!r} in step {step!r} yet.")
    return [_Kept(_title(line), line.transcript) for line in newest.values()]


def _title(line: Logged) -> str:
    what = f"step {line.step}" if line.part == "do" else f"{line.part} of step {line.step}"
    again = f", generation {line.generation}" if line.generation > 1 else ""
    tried = f", attempt {line.attempt}" if line.attempt > 1 else ""
    goes_on = f", still open; as of {line.at:%H:%M:%S} UTC" if line.open else ""
    return f"{what}{again}{tried}{goes_on}"


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
