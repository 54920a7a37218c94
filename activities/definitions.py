"""Finds definitions: inline in the request, or by name in the configured folders and then in the shipped library.

With each it finds those that it calls. It reads files and nothing more; what is in them is for the compiler. A
definition's templates lie beside it, or in the folder ``templates`` beside it. A name never becomes a path that leads
out of those folders.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Final

from workflows.contracts import RunRequest
from workflows.definition.compiler import Source
from workflows.definition.references import referenced_definitions, referenced_templates
from workflows.errors import InvalidInputError
from workflows.suggest import did_you_mean

_REFERENCE: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,99})(?:@(?P<version>[0-9A-Za-z][0-9A-Za-z.+-]{0,49}))?\Z"
)
_VERSION_LINE: Final = re.compile(r"""^version:[ \t]*(['"]?)(?P<version>[^\s#'"]+)\1[ \t]*(?:#.*)?$""", re.MULTILINE)
SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class _Candidate:
    path: Path
    version: str


class Definitions:
    """The definitions that a worker can run.

    Args:
        folders: Searched in this order, before the shipped library.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = (*folders, Path(str(files("workflows") / "library")))

    async def find(self, request: RunRequest) -> Source:
        """The source of what a request names or carries, with its templates and all that it calls.

        A version may be pinned in part: ``1`` and ``1.2`` mean the newest release of those. A called definition that is
        not there is left out: the compiler then says so, with the place that names it.

        Raises:
            InvalidInputError: Nothing has this name or version; the message says what there is.
        """
        if request.source is not None:
            name = request.definition or "definition.yaml"
            carried = Source(name=name, text=request.source, templates=dict(request.templates))
        else:
            carried = None
        try:
            return await asyncio.to_thread(self._with_called, carried, request.definition)
        except UnicodeDecodeError as error:
            raise InvalidInputError(
                f"definition `{request.definition}`: a file is not UTF-8: {error.reason}."
            ) from None
        except OSError as error:
            raise InvalidInputError(f"{error.filename} cannot be read: {error.strerror}.") from None

    def _with_called(self, carried: Source | None, reference: str) -> Source:
        root = carried or self._find(reference)
        called: dict[str, Source] = {}
        waiting = [*referenced_definitions(root.text)]
        while waiting:
            name = waiting.pop()
            if name in called:
                continue
            with contextlib.suppress(InvalidInputError):
                called[name] = self._find(name)
                waiting += referenced_definitions(called[name].text)
        return replace(root, definitions=called)

    def _find(self, reference: str) -> Source:
        if not reference:
            raise InvalidInputError(
                "the request names no definition; give `definition: NAME` or `NAME@VERSION`, or YAML text as `source`."
            )
        parts = _REFERENCE.match(reference)
        if parts is None:
            raise InvalidInputError(f"`{reference}` is no name of a definition; expected NAME or NAME@VERSION.")
        name, version = parts["name"], parts["version"]
        for folder in self._folders:
            found = _meant(list(_candidates(folder, name)), version)
            if found:
                return _source(max(found, key=lambda candidate: _ordered(candidate.version)).path)
        raise InvalidInputError(self._nothing(name, version))

    def _nothing(self, name: str, version: str | None) -> str:
        versions = [candidate.version for folder in self._folders for candidate in _candidates(folder, name)]
        if versions and version is not None:
            return f"definition `{name}` has no version {version}; there is {', '.join(sorted(set(versions)))}."
        names = {
            path.stem.partition("@")[0]
            for folder in self._folders
            for path in _listed(folder)
            if path.suffix in SUFFIXES
        }
        places = ", ".join(str(folder) for folder in self._folders[:-1])
        where = f"{places} and the shipped library" if places else "the shipped library"
        return f"no definition is called `{name}` in {where}; {did_you_mean(name, names, 'there are')}"


def _meant(candidates: list[_Candidate], version: str | None) -> list[_Candidate]:
    """Those among which the newest is meant. What is not a release is meant only where it is named in full."""
    exact = [candidate for candidate in candidates if candidate.version == version]
    releases = [candidate for candidate in candidates if "-" not in candidate.version]
    if version is None:
        return releases or candidates
    return exact or [candidate for candidate in releases if candidate.version.startswith(f"{version}.")]


def _listed(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(folder.iterdir())


def _candidates(folder: Path, name: str) -> Iterator[_Candidate]:
    """``NAME.yaml``, and ``NAME@VERSION.yaml`` beside it where older versions are kept."""
    for path in _listed(folder):
        if path.suffix in SUFFIXES and path.stem.partition("@")[0] == name and path.is_file():
            yield _Candidate(path, _version_in(path) or path.stem.partition("@")[2])


def _version_in(path: Path) -> str | None:
    """The version that a file says, read without compiling: a file with mistakes must still be found and reported."""
    found = _VERSION_LINE.search(path.read_text(encoding="utf-8", errors="replace")[:1_048_576])
    return found["version"] if found else None


def _ordered(version: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.findall(r"\d+|[A-Za-z]+", version)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def _source(path: Path) -> Source:
    text = path.read_text(encoding="utf-8-sig")
    templates = {
        name: template for name in referenced_templates(text) if (template := _template(path, name)) is not None
    }
    return Source(name=path.name, text=text, templates=templates)


def _template(definition: Path, name: str) -> str | None:
    """The text of a template, or ``None``: the compiler then says so, with the place that names it."""
    for folder in (definition.parent, definition.parent / "templates"):
        path = (folder / name).resolve()
        if path.is_relative_to(definition.parent.resolve()) and path.is_file():
            return path.read_text(encoding="utf-8")
    return None
