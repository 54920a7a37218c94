"""Definitions as data and as parts, and every key that they use."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from workflows.definition.compiler import Compiled, Source, compile_definition
from workflows.definition.diagnostics import Findings
from workflows.definition.language import Definition, Part, parts_keys
from workflows.definition.nodes import Text
from workflows.definition.reader import read
from workflows.definition.references import referenced_definitions, referenced_templates
from workflows.definition.shape_inputs import constant

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "deploy/reference/examples").glob("*.yaml"))
GOOD = sorted((ROOT / "tests/workflows/definition/good").glob("*.yaml"))
BAD = sorted((ROOT / "tests/workflows/definition/bad").glob("*.yaml"))
SHIPPED = [*sorted((ROOT / "workflows/library").glob("*.yaml")), ROOT / "starter/first/first-change.yaml"]

Trail = tuple[str | int, ...]


def data_in(text: str) -> JsonValue:
    """What a YAML text holds. Raises `ValueError` where the reader refuses it."""
    findings = Findings()
    root = read(Text.of("test.yaml", text), findings)
    if root is None or findings.failed:
        raise ValueError("; ".join(one.message for one in findings.items))
    return constant(root)


def definition_in(text: str) -> Definition:
    """The model of a YAML text."""
    return Definition.model_validate(data_in(text))


def source_of(path: Path, text: str | None = None) -> Source:
    """A file with the templates and the called definitions beside it."""
    text = path.read_text(encoding="utf-8") if text is None else text
    templates = {}
    for folder in (path.parent, path.parent / "templates"):
        for name in referenced_templates(text):
            if (folder / name).is_file():
                templates[name] = (folder / name).read_text(encoding="utf-8")
    return Source(path.name, text, templates, _called(path.parent, text))


def _called(folder: Path, text: str) -> dict[str, Source]:
    """The definitions that a text calls, and those that they call, from files beside it."""
    found: dict[str, Source] = {}
    wanted = [*referenced_definitions(text)]
    while wanted:
        name = wanted.pop()
        beside = (folder / f"{name.partition('@')[0]}.yaml", folder / "definitions" / f"{name}.yaml")
        file = next((one for one in beside if one.is_file()), None)
        if name not in found and file is not None:
            found[name] = Source(file.name, file.read_text(encoding="utf-8"))
            wanted.extend(referenced_definitions(found[name].text))
    return found


def compiled(path: Path, text: str | None = None) -> Compiled:
    """A file, compiled."""
    return compile_definition(source_of(path, text))


def used_keys(value: object, trail: Trail = ()) -> Iterator[tuple[type[Part], str, Trail]]:
    """Every key that a part and what is below it gives, with its place in the data."""
    if isinstance(value, Part):
        for key in parts_keys(type(value)):
            held = getattr(value, key.field)
            if held is not None:
                yield type(value), key.name, (*trail, key.name)
                yield from used_keys(held, (*trail, key.name))
    elif isinstance(value, Mapping):
        for name, held in value.items():
            yield from used_keys(held, (*trail, name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, held in enumerate(value):
            yield from used_keys(held, (*trail, number))


def without(data: JsonValue, trail: Trail) -> JsonValue:
    """A copy of the data in which one key is missing."""
    first, *rest = trail
    if isinstance(data, list):
        return [without(one, tuple(rest)) if number == first else one for number, one in enumerate(data)]
    assert isinstance(data, dict)
    if not rest:
        return {name: one for name, one in data.items() if name != first}
    return {name: without(one, tuple(rest)) if name == first else one for name, one in data.items()}


def at(data: JsonValue, trail: Trail) -> JsonValue:
    """The value at a place."""
    for one in trail:
        data = data[one] if isinstance(data, dict | list) else None  # type: ignore[index]  # by its kind
    return data
