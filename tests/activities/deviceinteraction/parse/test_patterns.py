"""Rows by patterns and TTP templates of a definition's own, in a process that can be ended, and nothing but rows."""

from datetime import timedelta

import pytest

from activities.deviceinteraction.failures import CheckFailed, InvalidInput
from activities.deviceinteraction.parse.bounded import parse_pattern, parse_template, parse_ttp
from activities.deviceinteraction.parse.patterns import check_ttp

OUTPUT = "interface Gi1/0/1\n description desk 1\n mtu 9000\ninterface Gi1/0/2\n description desk 2\n"
TTP = """
interface {{ name }}
 description {{ description | ORPHRASE }}
 mtu {{ mtu | to_int }}
"""


async def test_each_match_is_a_row_and_a_group_that_took_no_part_is_empty() -> None:
    rows = await parse_pattern(r"^interface (?P<name>\S+)\n(?: description (?P<text>desk 1))?", OUTPUT)
    assert rows == [{"name": "Gi1/0/1", "text": "desk 1"}, {"name": "Gi1/0/2", "text": ""}]


async def test_a_template_of_ttp_yields_its_results() -> None:
    assert await parse_ttp(TTP, OUTPUT) == [
        {"name": "Gi1/0/1", "description": "desk 1", "mtu": 9000},
        {"name": "Gi1/0/2", "description": "desk 2"},
    ]
    grouped = f'<group name="interfaces*">{TTP}</group>'
    assert await parse_ttp(grouped, "nothing of the kind") == []
    (found,) = await parse_ttp(grouped, OUTPUT)
    assert isinstance(found, dict)
    assert set(found) == {"interfaces"}


TEXTFSM = """\
Value Required NAME (\\S+)
Value List LINES (.+)

Start
  ^interface -> Continue.Record
  ^interface ${NAME}
  ^ ${LINES}
  ^\\S -> Error "no interface"
"""


async def test_a_template_of_textfsm_of_somebody_s_own_yields_rows_as_a_shipped_one_does() -> None:
    assert await parse_template(TEXTFSM, OUTPUT) == [
        {"name": "Gi1/0/1", "lines": ["description desk 1", "mtu 9000"]},
        {"name": "Gi1/0/2", "lines": ["description desk 2"]},
    ]
    assert await parse_template(TEXTFSM, "\n") == []
    with pytest.raises(CheckFailed, match='as the TextFSM template expects: Error: "no interface"'):
        await parse_template(TEXTFSM, "garbage\n")


async def test_a_pattern_that_runs_for_ever_is_ended_and_the_next_request_is_answered() -> None:
    with pytest.raises(CheckFailed, match="was ended"):
        await parse_pattern(r"(?P<x>(a+)+)$", "a" * 40 + "!", limit=timedelta(seconds=0.5))
    assert await parse_pattern("(?P<x>b)", "b") == [{"x": "b"}]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('<macro>\nimport os\n</macro>\ninterface {{ name | macro("x") }}', "the tag `macro`"),
        ('interface {{ name | macro("x") }}', "uses `macro`"),
        ("interface {{ name | rdns }}", "uses `rdns`"),
        ('<input load="text">x</input>', "the tag `input`"),
        ('<output returner="file" url="/tmp/x"/>', "the tag `output`"),
        ('<vars load="python">x = 1</vars>', "the tag `vars`"),
        ('<lookup name="x" load="csv" include="/etc/passwd"/>', "the tag `lookup`"),
        ('<extend template="/etc/passwd"/>', "the tag `extend`"),
        ('<group name="x" macro="y">{{ z }}</group>', "the attribute `macro`"),
        ("<group name=x>{{ z }}</group>", "write attributes as"),
    ],
)
def test_a_template_that_does_more_than_read_is_refused(template: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        check_ttp(template)


async def test_what_is_no_pattern_or_no_template_says_so() -> None:
    with pytest.raises(InvalidInput, match="no regular expression"):
        await parse_pattern("(", "x")
    with pytest.raises(InvalidInput, match="cannot be used"):
        await parse_ttp("<group>{{ a", "x")
    with pytest.raises(InvalidInput, match="the TextFSM template cannot be used"):
        await parse_template("Value NAME\n", "x")
