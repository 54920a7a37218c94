"""Every shipped definition compiles without a word and can be carried out."""

from pathlib import Path

import pytest

import workflows
from workflows.definition.compiler import Source, compile_definition
from workflows.definition.references import referenced_templates
from workflows.definition.render import render

LIBRARY = Path(workflows.__file__).parent / "library"


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_definition_compiles_without_a_warning(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    templates = {
        name: (LIBRARY / "templates" / name).read_text(encoding="utf-8") for name in referenced_templates(text)
    }
    result = compile_definition(Source(path.name, text, templates))
    assert result.plan is not None, render(result.diagnostics, {path.name: text})
    assert result.diagnostics == (), render(result.diagnostics, {path.name: text})
    assert result.plan.name == path.stem
