"""Definitions in files: found, read with what they name beside themselves, compiled, and their mistakes printed.

Templates lie beside a definition or in ``templates/`` beside it; the definitions that it calls lie in its folder, below
it, or in the shipped library.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from starter.errors import UsageError
from starter.neighbours import Neighbours, says_netsaga
from workflows.definition.compiler import Compiled, Source, compile_definition
from workflows.definition.references import referenced_definitions, referenced_templates
from workflows.definition.render import render

SUFFIXES: Final = (".yaml", ".yml")
LARGEST: Final = 1024 * 1024  # bytes; the language's limit


@dataclass(frozen=True)
class Definition:
    """One file, and what the compiler says of it."""

    path: Path
    source: Source
    compiled: Compiled


def is_file(text: str) -> bool:
    """Whether ``NAME|FILE`` is a file: by its suffix, or by a separator in it."""
    return text.endswith(SUFFIXES) or "/" in text


def find(paths: Iterable[Path]) -> list[Path]:
    """The files, and all definitions in the folders; other YAML files in a folder (inventories, say) are left out.

    Raises:
        UsageError: A path does not exist, or a folder holds none.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and says_netsaga(file))
            if not inside:
                raise UsageError(f"{path} holds no definition: no .yaml or .yml file with a line `netsaga: 1`.")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"{path} does not exist.")
    return found


def load(path: Path | str, neighbours: Neighbours | None = None) -> Definition:
    """Read and compile one file, with the templates and the definitions that it names.

    Args:
        path: The file.
        neighbours: What it can call; by default what lies in its folder and below.

    Raises:
        UsageError: The file cannot be read.
    """
    path = Path(path)
    try:
        source = source_of(path, os.fsencode(path).decode(errors="replace"))
        neighbours = neighbours or Neighbours(path.parent)
        called: dict[str, Source] = {}
        waiting = list(referenced_definitions(source.text))
        while waiting:
            reference = waiting.pop()
            if reference in called or (found := neighbours.find(reference)) is None:
                continue
            called[reference] = source_of(found, str(found))
            waiting += referenced_definitions(called[reference].text)
    except OSError as error:
        name = error.filename or path
        raise UsageError(f"{name} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    source = replace(source, definitions=called)
    return Definition(path, source, compile_definition(source))


def source_of(path: Path, name: str) -> Source:
    """A definition's text with its templates. Bytes that are not UTF-8 are for the compiler to report, with a caret.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        text = file.read(LARGEST + 1).decode("utf-8", "surrogateescape")
    templates = {one: found for one in referenced_templates(text) if (found := _template(path.parent, one)) is not None}
    return Source(name=name, text=text, templates=templates)


def printed(definitions: Sequence[Definition], *, colour: bool = False) -> str:
    """All diagnostics as people read them."""
    return render(
        [diagnostic for definition in definitions for diagnostic in definition.compiled.diagnostics],
        {definition.source.name: definition.source.text for definition in definitions},
        colour=colour,
    )


def _template(folder: Path, name: str) -> str | None:
    """The template's text; None if there is none, which the compiler then says with its place.

    Templates lie beside the definition or in ``templates/`` beside it, and nowhere else.
    """
    for place in (folder, folder / "templates"):
        file = (place / name).resolve()
        if file.is_relative_to(place.resolve()) and file.is_file():
            return file.read_text(encoding="utf-8", errors="surrogateescape")
    return None
