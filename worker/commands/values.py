"""`python -m worker values RUN [NAME]`: what the devices of a run left under the names that its actions gave with `as`.

A backup's configurations, say: `values last kept.config --out FOLDER` writes a file for each device. It needs no
Temporal server, but the artifact store and the record that a run has at its end. Secrets were taken out before anything
was kept.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.artifacts.store import ArtifactError
from activities.values import VALUE, seen
from worker.records import folder_of, record_in
from worker.settings import Settings, SettingsError
from workflows.contracts import ArtifactRef
from workflows.suggest import did_you_mean

Refs = dict[str, ArtifactRef]  # of one value, by device


async def show_values(
    settings: Settings, run: str, name: str | None, *, host: str | None, step: str | None, out: Path | None
) -> int:
    """Print values, or write them to files; without a name, list what there is.

    Args:
        settings: For the artifact store.
        run: Its workflow id, or ``last`` for the run whose record is the newest.
        name: As the definition names it, perhaps with a path into it, such as ``kept.config``.
        host: Only of this device.
        step: Only of this step; of the last one that left the name, where ``None``.
        out: A folder for one file a device; standard output where ``None``.

    Raises:
        SettingsError: There is no such run, value or device, or a file cannot be written.
    """
    try:
        store = LocalArtifactStore(settings.artifacts.path)
        record = await _record(store, run)
        if name is None:
            for line in _listed(record):
                print(line)
            return 0
        head, *path = name.split(".")
        values = await _values(Documents(store), _refs(record, head, host, step), path, name)
    except (ArtifactError, ValidationError) as error:
        raise SettingsError(str(error)) from error
    if out is None:
        for device, value in values.items():
            print(f"{device}\n{_text(value)}")
        return 0
    await asyncio.to_thread(_write, out, values)
    print(f"{len(values)} files are in {out}")
    return 0


async def _record(store: LocalArtifactStore, run: str) -> Mapping[str, Any]:  # Any: JSON
    folder = await folder_of(store, run)
    found = None if folder is None else await record_in(store, folder)
    if found is None:
        raise SettingsError(
            f"run {run!r} has no record in {store.root}: it has not ended yet (`netsaga watch RUN`), there is no such "
            "run, or its workers keep another store."
        )
    return found


def _of_steps(record: Mapping[str, Any]) -> Iterator[tuple[str, str, Refs]]:
    """Each step with each name that its devices left, and where the values are."""
    for step, hosts in record["outcomes"].items():
        by_name: dict[str, Refs] = {}
        for host, outcome in hosts.items():
            for name, ref in outcome["values"].items():
                by_name.setdefault(name, {})[host] = ArtifactRef(ref)
        yield from ((step, name, refs) for name, refs in by_name.items())


def _listed(record: Mapping[str, Any]) -> Iterator[str]:
    named = [(step, name, refs) for step, name, refs in _of_steps(record) if "-" not in name]  # a place is no name
    if not named:
        yield "the devices of this run left no values: give its actions names with `as`"
    for step, name, refs in named:
        yield f"{step}  {name}  {len(refs)} devices"


def _refs(record: Mapping[str, Any], name: str, host: str | None, step: str | None) -> Refs:
    named = {(at, one): refs for at, one, refs in _of_steps(record) if step in {None, at}}
    found = [refs for (_, one), refs in named.items() if one == name]
    if not found:
        where = f"step {step!r}" if step else "any step of this run"
        near = did_you_mean(name, [one for _, one in named], "there are")
        raise SettingsError(f"no device left a value {name!r} in {where}; {near}")
    refs = found[-1]
    if host is None:
        return refs
    if host not in refs:
        raise SettingsError(f"{host!r} left no value {name!r}; {did_you_mean(host, refs, 'these did:')}")
    return {host: refs[host]}


async def _values(documents: Documents, refs: Refs, path: list[str], name: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for host, ref in refs.items():
        value: object = seen(await documents.load(ref, VALUE))
        for part in path:
            if not isinstance(value, Mapping) or part not in {str(key) for key in value}:
                there = [str(key) for key in value] if isinstance(value, Mapping) else []
                raise SettingsError(f"{name!r}: there is no {part!r} at {host}; {did_you_mean(part, there, 'it has')}")
            value = next(one for key, one in value.items() if str(key) == part)
        found[host] = value
    return found


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return text if text.endswith("\n") else f"{text}\n"


def _write(folder: Path, values: Mapping[str, object]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for host, value in values.items():
            suffix = "txt" if isinstance(value, str) else "json"
            (folder / f"{host.replace('/', '%2F')}.{suffix}").write_text(_text(value), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{error.filename or folder}: it cannot be written: {error.strerror}") from error
