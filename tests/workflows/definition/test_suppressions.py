"""Comments that silence a diagnostic, and what is said about them."""

import pytest

from workflows.definition.codes import CODES, WARNINGS, can_be_suppressed
from workflows.definition.compiler import Compiled, Source, compile_definition

DEFINITION = """\
netsaga: 1
name: small
version: 1.0.0
inventory: {source: lab, expect: {max: 10}}
defaults: {timeout: 60s}
steps:
  - id: change
    devices: inventory
    concurrency: 5
    do: [{configure: {lines: [vlan 5]}}]
    on_failure: stop
"""
ID = "  - id: change\n"


def compiled(old: str = ID, new: str = ID) -> Compiled:
    assert old in DEFINITION
    return compile_definition(Source("x.yaml", DEFINITION.replace(old, new)))


def codes(result: Compiled) -> list[str]:
    return [item.code for item in result.diagnostics]


def test_without_a_comment_there_is_a_warning() -> None:
    assert codes(compiled()) == ["NS702"]
    assert compiled().suppressed == ()


@pytest.mark.parametrize(
    "lines",
    [
        "  - id: change  # netsaga: ignore[NS702] the default is right here\n",
        "  # netsaga: ignore[NS702] the default is right here\n  - id: change\n",
        "  #netsaga:ignore[NS702]: the default is right here\n\n  # more of it\n  - id: change\n",
        "  - id: change  # we know. # netsaga: ignore[ NS702 ] the default is right here\n",
    ],
)
def test_a_comment_on_the_line_or_alone_above_it_silences_and_keeps_its_reason(lines: str) -> None:
    result = compiled(ID, lines)

    assert codes(result) == []
    assert result.ok
    assert [(one.diagnostic.code, one.reason) for one in result.suppressed] == [("NS702", "the default is right here")]


def test_errors_of_the_safety_family_can_be_silenced_too() -> None:
    result = compiled("    on_failure: stop\n", "")
    assert "NS701" in codes(result)

    text = DEFINITION.replace("    on_failure: stop\n", "").replace(
        "id: change", "id: change  # netsaga: ignore[NS701, NS702] a lab, and nobody minds"
    )
    silenced = compile_definition(Source("x.yaml", text))
    assert codes(silenced) == []
    assert silenced.ok
    assert {one.diagnostic.code for one in silenced.suppressed} == {"NS701", "NS702"}


def test_the_digest_does_not_depend_on_what_is_silenced() -> None:
    silenced = compiled(ID, "  - id: change  # netsaga: ignore[NS702] the default is right here\n")

    assert silenced.plan is not None
    assert silenced.plan == compiled().plan


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# netsaga: ignore[NS702]", ["NS801"]),
        ("# netsaga: ignore[NS702] - ", ["NS801"]),
        ("# netsaga: ignore NS702 because", ["NS804"]),
        ("# netsaga: ignore[] because", ["NS804"]),
        ("# netsaga: ignore[NS702, NS703] because", ["NS802"]),
        ("# netsaga: ignore[NS702, NS201] because", ["NS803"]),
        ("# netsaga: ignore[NS702, NS7O2] because", ["NS803"]),
        ("# netsaga: ignores nothing", ["NS702"]),
        ("# netsaga: 1", ["NS702"]),
    ],
)
def test_a_comment_that_makes_no_sense_is_reported(comment: str, expected: list[str]) -> None:
    assert codes(compiled(ID, f"  - id: change  {comment}\n")) == expected


def test_a_mistake_in_a_comment_points_at_the_code_in_it() -> None:
    result = compiled(ID, "  - id: change  # netsaga: ignore[NS702, NS7O2] because\n")

    (found,) = result.diagnostics
    assert (found.span.line, found.span.column, found.span.end_column) == (7, 42, 47)
    assert "NS702" in found.help


def test_what_stands_in_quotes_or_blocks_is_no_comment() -> None:
    quoted = compiled("name: small\n", 'name: small\ndescription: "x # netsaga: ignore[NS702]"\n')
    block = compiled("name: small\n", "name: small\ndescription: |\n  x\n  # netsaga: ignore[NS702]\n")

    assert codes(quoted) == codes(block) == ["NS702"]


def test_an_unused_comment_is_reported_only_when_all_passes_have_spoken() -> None:
    text = DEFINITION.replace("name: small", "name: small  # netsaga: ignore[NS703] because").replace("stop", "stpo")
    assert codes(compile_definition(Source("x.yaml", text))) == ["NS204"]

    result = compiled("name: small", "name: small  # netsaga: ignore[NS703] because")
    assert codes(result) == ["NS802", "NS702"]
    assert result.ok


def test_warnings_and_safety_codes_can_be_suppressed_and_nothing_else() -> None:
    assert {code for code in CODES if can_be_suppressed(code)} == {
        code for code in CODES if code.startswith("NS7") or (code in WARNINGS and not code.startswith("NS8"))
    }
