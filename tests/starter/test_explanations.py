"""The pages of `netsaga explain`: there is one for every code, and each example does what the page says."""

from pathlib import Path

import pytest

from starter.explanations import Example, page
from workflows.definition.codes import CODES
from workflows.definition.compiler import Source, compile_definition
from workflows.definition.render import render

FOLDER = Path(__file__).parents[2] / "workflows" / "definition" / "explain"
TEMPLATES = {"vlan.j2": "vlan {{ vlan_id }}\n", "broken.j2": "{% if %}"}
CALLED = {
    "close-ticket@1": Source(
        "close-ticket.yaml",
        "netsaga: 1\nname: close-ticket\nversion: 1.0.0\ninputs: {ticket: {type: string}}\n"
        'steps: [{id: tell, notify: {to: netops, message: "${{ inputs.ticket }}"}}]\n',
    ),
    "around@1": Source(
        "around.yaml",
        "netsaga: 1\nname: around\nversion: 1.0.0\nsteps: [{id: again, call: around@1, with: {}}]\n",
    ),
    "broken@1": Source("broken.yaml", "netsaga: 1\nname: broken\nversion: 1.0.0\n"),
}
UNSHOWN = {"NS109", "NS112", "NS113"}  # too long for a page, or no text; `test_reader.py` makes them


def codes_of(example: Example) -> list[str]:
    source = Source("example.yaml", example.definition, TEMPLATES, CALLED)
    found = compile_definition(source).diagnostics
    print(render(found, {source.name: source.text}))
    return [item.code for item in found]


def test_every_code_has_a_page_and_no_page_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_its_title_and_examples_that_do_what_it_says(code: str) -> None:
    shown = page(code)

    assert shown.text.startswith(f"# {code}: {CODES[code]}\n\n")
    assert shown.text.count("```") == 2 * len(shown.examples)
    qualities = [example.good for example in shown.examples]
    assert qualities == ([True] if code in UNSHOWN else [False, True])
    for example in shown.examples:
        found = codes_of(example)
        assert found == [] if example.good else set(found) == {code}
