"""How diagnostics look."""

from workflows.definition.diagnostics import Findings, Span
from workflows.definition.render import render


def test_nothing_to_say_is_nothing() -> None:
    assert render([], {}) == ""


def test_findings_come_by_file_and_place_with_a_count_at_the_end() -> None:
    findings = Findings()
    findings.add("NS702", "second", Span("b.yaml", 1, 1, 1, 2))
    findings.add(
        "NS201", "third", Span("b.yaml", 12, 3, 12, 6), "two lines\nof help", [(Span("b.yaml", 2, 1, 2, 4), "this")]
    )
    findings.add("NS201", "first", Span("a.yaml", 3, 1, 4, 2))

    assert render(findings.items, {"b.yaml": "x\nabc\n" + "\n" * 9 + "a def g\n", "a.yaml": "\n\nabc\ndef"}) == (
        "error[NS201]: first\n --> a.yaml:3:1\n  |\n3 | abc\n  | ^^^\n"
        "\n"
        "warning[NS702]: second\n --> b.yaml:1:1\n  |\n1 | x\n  | ^\n"
        "\n"
        "error[NS201]: third\n  --> b.yaml:12:3\n   |\n 2 | abc\n   | --- this\n...\n12 | a def g\n   |   ^^^\n"
        "   = help: two lines\n           of help\n"
        "\n"
        "2 errors, 1 warning\n"
    )


def test_colour_adds_escapes_and_nothing_else() -> None:
    findings = Findings()
    findings.add("NS201", "wrong", Span("a.yaml", 1, 1, 1, 2), "do this")
    coloured = render(findings.items, {"a.yaml": "x"}, colour=True)

    assert "\x1b[1;31m" in coloured
    for escape in ("\x1b[0m", "\x1b[1m", "\x1b[1;34m", "\x1b[1;31m"):
        coloured = coloured.replace(escape, "")
    assert coloured == render(findings.items, {"a.yaml": "x"})


def test_a_place_outside_the_text_is_named_without_its_line() -> None:
    findings = Findings()
    findings.add("NS201", "wrong", Span("a.yaml", 9, 1, 9, 2))

    assert render(findings.items, {}) == "error[NS201]: wrong\n --> a.yaml:9:1\n\n1 error\n"


def test_control_characters_of_a_source_never_reach_a_terminal() -> None:
    findings = Findings()
    findings.add("NS101", "wrong", Span("a.yaml", 1, 6, 1, 7))

    assert "\x1b" not in render(findings.items, {"a.yaml": "a: \x1b[2Jb"})
