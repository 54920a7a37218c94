"""Golden pairs: what each definition compiles to, and the exact text that a person sees for each mistake."""

import json
import re
from pathlib import Path

import pytest

from workflows.definition.codes import CODES
from workflows.definition.compiler import Compiled, Source, compile_definition
from workflows.definition.references import referenced_definitions, referenced_templates
from workflows.definition.render import render
from workflows.plan import Plan

HERE = Path(__file__).parent
GOOD = sorted((HERE / "good").glob("*.yaml"))
BAD = sorted((HERE / "bad").glob("*.yaml"))
# Too large for a file here, or no text; `test_reader.py` makes them.
GENERATED = {"NS109", "NS112", "NS113"}


def compiled(path: Path) -> tuple[Compiled, str]:
    text = path.read_text(encoding="utf-8")
    folder = path.parent / "templates"
    templates = {
        name: (folder / name).read_text(encoding="utf-8")
        for name in referenced_templates(text)
        if (folder / name).is_file()
    }
    return compile_definition(Source(path.name, text, templates, definitions(path.parent / "definitions", text))), text


def definitions(folder: Path, text: str) -> dict[str, Source]:
    """The definitions beside a golden that it calls, and those that they call."""
    found: dict[str, Source] = {}
    wanted = [*referenced_definitions(text)]
    while wanted:
        name = wanted.pop()
        file = folder / f"{name}.yaml"
        if name not in found and file.is_file():
            found[name] = Source(file.name, file.read_text(encoding="utf-8"))
            wanted.extend(referenced_definitions(found[name].text))
    return found


def compare(golden: Path, found: str, update: bool) -> None:
    if update:
        golden.write_text(found, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_definition_compiles_to_its_plan(path: Path, update: bool) -> None:
    result, text = compiled(path)

    assert result.ok, render(result.diagnostics, {path.name: text})
    assert result.plan is not None
    assert result.diagnostics == ()
    assert Plan.model_validate_json(result.plan.model_dump_json()) == result.plan
    data = result.plan.model_dump(mode="json", exclude_none=True)
    compare(path.with_suffix(".plan.json"), json.dumps(data, indent=1, ensure_ascii=False) + "\n", update)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_definition_says_what_is_wrong_and_what_to_do(path: Path, update: bool) -> None:
    result, text = compiled(path)

    assert result.diagnostics
    assert result.ok == all(item.severity == "warning" for item in result.diagnostics)
    compare(path.with_suffix(".txt"), render(result.diagnostics, {path.name: text}), update)


def test_every_diagnostic_code_has_a_bad_case() -> None:
    shown = {
        code
        for path in BAD
        if path.with_suffix(".txt").is_file()
        for code in re.findall(r"\[(NS\d{3})\]", path.with_suffix(".txt").read_text(encoding="utf-8"))
    }

    assert set(CODES) - shown == GENERATED
    assert shown <= set(CODES)
