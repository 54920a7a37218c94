"""Diagnostics for programs: the promised shapes, whatever stands in the messages."""

import json

from workflows.definition.codes import CODES
from workflows.definition.diagnostics import Findings, Span, Suppressed
from workflows.definition.formats import as_json, concise, github, sarif


def findings() -> Findings:
    found = Findings()
    label = (Span("a b.yaml", 1, 2, 1, 3), "first given here")
    found.add("NS401", "two steps, one id: 100%", Span("a b.yaml", 3, 5, 3, 9), "give each\nits own", [label])
    found.add("NS702", "no undo", Span("c.yaml", 4, 1, 6, 2))
    return found


def test_concise_is_one_line_each() -> None:
    assert concise(findings().items) == (
        "a b.yaml:3:5: error[NS401] two steps, one id: 100%; give each its own\nc.yaml:4:1: warning[NS702] no undo\n"
    )


def test_concise_lets_no_control_character_through() -> None:
    found = Findings()
    found.add("NS201", "no key `\x1b[2J`", Span("a.yaml", 1, 1, 1, 2))

    assert "\x1b" not in concise(found.items)


def test_json_has_exactly_the_promised_keys() -> None:
    document = json.loads(as_json(findings().items))

    assert document == {
        "version": 1,
        "diagnostics": [
            {
                "code": "NS401", "severity": "error", "message": "two steps, one id: 100%",
                "help": "give each\nits own",
                "file": "a b.yaml", "line": 3, "column": 5, "end_line": 3, "end_column": 9,
            },
            {
                "code": "NS702", "severity": "warning", "message": "no undo", "help": "",
                "file": "c.yaml", "line": 4, "column": 1, "end_line": 6, "end_column": 2,
            },
        ],
    }  # fmt: skip
    assert json.loads(as_json([])) == {"version": 1, "diagnostics": []}


def test_github_commands_escape_what_would_end_them() -> None:
    assert github(findings().items) == (
        "::error file=a b.yaml,line=3,endLine=3,col=5,endColumn=8,title=NS401"
        "::two steps, one id: 100%25%0Agive each%0Aits own\n"
        "::warning file=c.yaml,line=4,endLine=6,title=NS702::no undo\n"
    )
    odd = Findings()
    odd.add("NS201", "x", Span("a,b:c.yaml", 1, 1, 1, 1))
    assert github(odd.items).startswith("::error file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=1,endColumn=1,")


def test_sarif_has_what_its_schema_requires() -> None:
    silenced = Suppressed(diagnostic=findings().items[1], reason="a lab")
    log = json.loads(sarif(findings().items[:1], [silenced]))

    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "netsaga"
    assert [rule["id"] for rule in driver["rules"]] == ["NS401", "NS702"]
    for result in run["results"]:
        assert result["message"]["text"]
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning"}
        region = result["locations"][0]["physicalLocation"]["region"]
        assert all(region[key] >= 1 for key in ("startLine", "startColumn", "endLine", "endColumn"))
    first, second = run["results"]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.yaml"
    assert first["relatedLocations"][0]["message"]["text"] == "first given here"
    assert "suppressions" not in first
    assert second["suppressions"] == [{"kind": "inSource", "justification": "a lab"}]


def test_sarif_of_nothing_is_a_log_without_results() -> None:
    assert json.loads(sarif([]))["runs"][0]["results"] == []


def test_every_code_can_be_a_rule() -> None:
    found = Findings()
    for code in CODES:
        found.add(code, "message", Span("a.yaml", 1, 1, 1, 2))
    rules = json.loads(sarif(found.items))["runs"][0]["tool"]["driver"]["rules"]

    assert {rule["id"]: rule["shortDescription"]["text"] for rule in rules} == dict(CODES)
