"""Definitions in files: found, read with the templates that they name, compiled, and their mistakes printed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starter.errors import UsageError
from workflows.definition.compiler import Compiled, Source, compile_definition
from workflows.definition.references import referenced_templates
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
            inside = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and _says_netsaga(file))
            if not inside:
                raise UsageError(f"{path} holds no definition: no .yaml or .yml file with a line `netsaga: 1`.")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"{path} does not exist.")
    return found


def load(path: Path | str) -> Definition:
    """Read and compile one file, with the templates that lie beside it.

    Raises:
        UsageError: The file cannot be read.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1).decode("utf-8")
        templates = {name: found for name in referenced_templates(text) if (found := _template(path.parent, name))}
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: byte {error.start} cannot be read.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    source = Source(name=str(path), text=text, templates=templates)
    return Definition(path, source, compile_definition(source))


def printed(definitions: Sequence[Definition], *, colour: bool = False) -> str:
    """All diagnostics as people read them."""
    return render(
        [diagnostic for definition in definitions for diagnostic in definition.compiled.diagnostics],
        {str(definition.path): definition.source.text for definition in definitions},
        colour=colour,
    )


def _says_netsaga(file: Path) -> bool:
    try:
        return any(line.startswith("netsaga:") for line in file.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return False


def _template(folder: Path, name: str) -> str | None:
    """The template's text; None if there is none, which the compiler then says with its place.

    Templates lie beside the definition or in ``templates/`` beside it, and nowhere else.
    """
    for place in (folder, folder / "templates"):
        file = (place / name).resolve()
        if file.is_relative_to(place.resolve()) and file.is_file():
            return file.read_text(encoding="utf-8")
    return None
