"""The reference: current and whole, its links lead somewhere, its YAML compiles, its expressions yield what it says."""

import re
from pathlib import Path
from typing import Final

import pytest
from pydantic import JsonValue

from activities.deviceinteraction.proofs import PAGE as PLATFORMS_PAGE
from expressions import tree
from language_walk import EXAMPLES, ROOT, compiled
from starter.reference import generated
from workflows.definition.reference.expressions import SHOWN_FILTERS, SHOWN_TESTS, Shown
from workflows.definition.reference.state import SECTIONS
from workflows.definition.render import render
from workflows.definition.state_types import MEANING, STATE
from workflows.definition.types import ListType, MapType, Maybe, Record, Type
from workflows.run.evaluate import evaluate
from workflows.vocabulary import FILTERS, TESTS

PAGES: Final = sorted((ROOT / "deploy/reference").glob("*.md"))
BLOCK: Final = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
LINK: Final = re.compile(r"\]\(([a-z-]+\.md)(?:#([^)]*))?\)", re.IGNORECASE)
HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)
SHOWN: Final = [*SHOWN_FILTERS.items(), *SHOWN_TESTS.items()]
SCHEMA: Final = ROOT / "workflows/definition/schema.json"
FILES: Final = sorted({*PAGES, SCHEMA} - {PLATFORMS_PAGE})


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    """What the models come to; once for all, for it is most of a second's work."""
    return generated()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_generated_files_are_current(path: Path, made: dict[Path, str]) -> None:
    assert path.read_text(encoding="utf-8") == made[path], "run `make reference`"


def test_each_page_is_generated_and_each_that_is_generated_is_there(made: dict[Path, str]) -> None:
    assert set(FILES) == set(made)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_compiles_without_an_error(path: Path) -> None:
    result = compiled(path)

    assert result.ok, render(result.diagnostics, {path.name: path.read_text(encoding="utf-8")})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_yaml_on_a_page_is_an_example_that_compiles(page: Path) -> None:
    examples = {path.read_text(encoding="utf-8").strip() for path in EXAMPLES}

    assert {block.strip() for block in BLOCK.findall(page.read_text(encoding="utf-8"))} <= examples


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_headings(page: Path) -> None:
    for name, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / name).read_text(encoding="utf-8")
        anchors = {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in HEADING.findall(target)}
        assert not anchor or anchor in anchors, f"{name}#{anchor}"


def test_every_filter_and_test_is_explained() -> None:
    assert set(SHOWN_FILTERS) == set(FILTERS)
    assert set(SHOWN_TESTS) == set(TESTS)


@pytest.mark.parametrize(("name", "shown"), SHOWN, ids=[name for name, _ in SHOWN])
def test_every_expression_yields_what_the_page_says(name: str, shown: Shown) -> None:
    context: dict[str, JsonValue] = {"device": {"name": "sw1"}}

    assert name in shown.expression
    assert evaluate(tree(shown.expression), context) == shown.value


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_of_the_state_is_explained(section: str) -> None:
    (found,) = [one for name, one in STATE.items() if name == section]
    (meaning,) = [one for name, one in MEANING.items() if name == section]

    assert set(meaning) - {""} == set(fields_of(found))


def fields_of(found: Type) -> list[str]:
    match found:
        case Record():
            return [*found.fields]
        case MapType(value=inner) | ListType(item=inner) | Maybe(of=inner):
            return fields_of(inner)
        case _:
            return []
