"""The reader: what is content, what is refused, and where it says that things stand."""

from pathlib import Path

import pytest
import yaml

from workflows.definition import reader
from workflows.definition.diagnostics import MOST, Findings
from workflows.definition.nodes import Fields, Items, Node, Scalar, Text
from workflows.definition.reader import MAX_BYTES, MAX_NODES, read
from workflows.definition.scalars import doubt, resolve

HERE = Path(__file__).parent


def plain(node: Node | None) -> object:
    match node:
        case Scalar():
            return node.value
        case Items():
            return [plain(item) for item in node.items]
        case Fields():
            return {key.text: plain(value) for key, value in node.entries}
        case None:
            return None


def read_text(text: str) -> tuple[object, list[str]]:
    findings = Findings()
    return plain(read(Text.of("x.yaml", text), findings)), [item.code for item in findings.ordered()]


def test_values_follow_the_core_schema_of_yaml_1_2() -> None:
    text = (
        "[1, -2, +3, 0, 0x1F, 1.5, -.5, 2., 1.5e+3, true, False, null, ~, a b, 'yes', \"0755\", 12:30:aa, 1.2.3, -, 0x]"
    )

    assert read_text(text) == (
        [
            1,
            -2,
            3,
            0,
            31,
            1.5,
            -0.5,
            2.0,
            1500.0,
            True,
            False,
            None,
            None,
            "a b",
            "yes",
            "0755",
            "12:30:aa",
            "1.2.3",
            "-",
            "0x",
        ],
        [],
    )


@pytest.mark.parametrize(
    "text", ["a: 1", "a:\n  - b: [c, {d: e}]\n", "---\na: |\n  tab\there\n", "a:\n  - 1\n  - null\n"]
)
def test_what_both_versions_of_yaml_agree_about_reads_as_a_safe_loader_reads_it(text: str) -> None:
    assert read_text(text) == (yaml.safe_load(text), [])


@pytest.mark.parametrize(
    "text",
    [
        "y", "N", "YES", "On", "1:30", "-1:30", "190:20:30.15", "010", "-07", "08", "0b1", "1_0", "1_0.5", "0x1_F",
        "+0x1F", "1E5", "1.5e3", "2026-1-2", "2026-01-02T10:00:00Z", "=", "-.INF", ".NaN",
    ],
)  # fmt: skip
def test_what_versions_of_yaml_read_differently_is_refused_with_a_fix(text: str) -> None:
    reason = doubt(text)

    assert reason is not None
    message, fix = reason
    assert text in message
    assert fix.startswith("write ")


@pytest.mark.parametrize(
    "text", ["yes please", "10.0.0.1", "00:11:22:33:44:55", "2026", "v1_0", "1.0.0", "10%", ">= 95%", "-", "5m", "+"]
)
def test_ordinary_words_are_not_doubted(text: str) -> None:
    assert doubt(text) is None
    assert resolve(text) in {text, 2026}


def test_a_word_that_is_a_boolean_elsewhere_is_a_word_as_a_key() -> None:
    assert read_text("retry: {on: [transient], y: 1, 010: 2}") == (
        {"retry": {"on": ["transient"], "y": 1, "010": 2}},
        [],
    )


def test_a_definition_above_one_mebibyte_is_not_even_parsed() -> None:
    assert read_text("a: " + "x" * MAX_BYTES) == (None, ["NS109"])


def test_fifty_levels_are_read_and_the_next_is_not() -> None:
    assert read_text("[" * 49 + "a" + "]" * 49)[1] == []
    assert read_text("[" * 50 + "a" + "]" * 50)[1] == ["NS108"]
    assert read_text("[" * 5000 + "]" * 5000)[1] == ["NS108"]


def test_windows_line_ends_move_no_caret() -> None:
    findings = Findings()
    read(Text.of("x.yaml", "a: 1\r\nb: yes\r\n"), findings)

    (found,) = findings.ordered()
    assert (found.span.line, found.span.column, found.span.end_column) == (2, 4, 7)


@pytest.mark.parametrize(
    "path", sorted([*HERE.glob("good/*.yaml"), *HERE.glob("bad/*.yaml")]), ids=lambda path: path.stem
)
def test_the_pure_parser_reads_and_reports_as_the_fast_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    fast = Findings()
    tree = plain(read(Text.of(path.name, text), fast))
    monkeypatch.setattr(reader, "_LOADER", yaml.Loader)
    pure = Findings()

    slow = plain(read(Text.of(path.name, text), pure))

    assert pure.items == fast.items
    assert slow == tree or pure.failed


@pytest.mark.parametrize(
    "source",
    [
        "plain words here",
        "'it''s words here'",
        '"\\u00e9 \\x41 \\"words\\" here"',
        '"folded\n  over words here"',
        "plain and\n  words here",
        "|\n  first\n    second words\n  here",
        ">-\n  first\n  words here\n\n  last",
        "|+\n\n  words\n",
        "|2\n    words\n",
        ">\n  one\n\n\n  two words\n",
    ],
)
def test_a_part_of_a_value_is_found_in_its_source_whatever_the_quotes(source: str) -> None:
    text = f"key: {source}\nnext: 1\n"
    node = read(Text.of("x.yaml", text), Findings())
    assert isinstance(node, Fields)
    scalar = node.entries[0][1]
    assert isinstance(scalar, Scalar)

    start = scalar.text.index("words")
    span = scalar.part(start, start + len("words"))

    assert text.splitlines()[span.line - 1][span.column - 1 : span.end_column - 1] == "words"


def test_more_keys_and_values_than_a_definition_has_are_refused() -> None:
    findings = Findings()

    assert read(Text.of("x.yaml", "- a\n" * MAX_NODES), findings) is None
    assert [item.code for item in findings.items] == ["NS109"]
    assert findings.items[0].span.line == MAX_NODES


def test_bytes_that_are_not_utf8_are_refused_where_they_stand() -> None:
    findings = Findings()
    text = b"a: 1\nname: Z\xfcrich\n".decode("utf-8", "surrogateescape")

    assert read(Text.of("x.yaml", text), findings) is None
    (found,) = findings.items
    assert (found.code, found.span.line, found.span.column) == ("NS112", 2, 8)


def test_mistakes_beyond_the_first_hundreds_are_counted_as_one() -> None:
    findings = Findings()

    read(Text.of("x.yaml", "- yes\n" * (MOST + 100)), findings)

    assert [item.code for item in findings.items] == ["NS102"] * MOST + ["NS113"]


@pytest.mark.parametrize("number", ["9" * 19, "-" + "9" * 19, "9" * 5000, "0x" + "f" * 20])
def test_numbers_that_do_not_fit_64_bits_are_refused(number: str) -> None:
    findings = Findings()

    read(Text.of("x.yaml", f"a: {number}\nb: '{number}'\nc: 999999999999999999\n"), findings)

    (found,) = findings.items
    assert (found.code, found.span.line) == ("NS102", 1)
    assert len(found.message) < 120


def test_what_is_missing_at_the_end_is_missing_behind_the_last_word() -> None:
    findings = Findings()

    read(Text.of("x.yaml", "steps: [a, b\n\n\n"), findings)

    assert (findings.items[0].code, findings.items[0].span.line, findings.items[0].span.column) == ("NS101", 1, 13)
