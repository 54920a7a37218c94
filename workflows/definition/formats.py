"""Diagnostics as programs read them: one line each, JSON, GitHub's workflow commands, SARIF.

Pure text in, pure text out. How people see them is `render.py`'s. The shape of the JSON is a promise: keys are added
only together with a new ``version``.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from workflows.definition.codes import CODES, WARNINGS
from workflows.definition.diagnostics import Diagnostic, Span, Suppressed

Formatted = Callable[[Sequence[Diagnostic], Sequence[Suppressed]], str]

_SARIF: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def concise(diagnostics: Iterable[Diagnostic], _suppressed: Iterable[Suppressed] = ()) -> str:
    """One line each: ``file:line:column: severity[code] message``, and what to do after a semicolon."""
    return "".join(
        f"{item.span.file}:{item.span.line}:{item.span.column}: {item.severity}[{item.code}] {_in_a_line(item)}\n"
        for item in diagnostics
    )


def as_json(diagnostics: Iterable[Diagnostic], _suppressed: Iterable[Suppressed] = ()) -> str:
    """One JSON document: ``{"version": 1, "diagnostics": [...]}``; lines and columns from 1, ends exclusive."""
    rows = [
        {
            "code": item.code,
            "severity": item.severity,
            "message": item.message,
            "help": item.help,
            "file": item.span.file,
            "line": item.span.line,
            "column": item.span.column,
            "end_line": item.span.end_line,
            "end_column": item.span.end_column,
        }
        for item in diagnostics
    ]
    return json.dumps({"version": 1, "diagnostics": rows}, indent=2) + "\n"


def github(diagnostics: Iterable[Diagnostic], _suppressed: Iterable[Suppressed] = ()) -> str:
    """Workflow commands, which GitHub shows beside the lines of a pull request.

    Columns are left out where a finding ends on another line: GitHub ignores them there (GitHub Docs, "Workflow
    commands for GitHub Actions").
    """
    return "".join(f"::{item.severity} {_github_place(item)}::{_escaped(_message(item))}\n" for item in diagnostics)


def _github_place(item: Diagnostic) -> str:
    span = item.span
    place: dict[str, object] = {"file": span.file, "line": span.line, "endLine": span.end_line}
    if span.line == span.end_line:
        place |= {"col": span.column, "endColumn": max(span.column, span.end_column - 1)}
    place["title"] = item.code
    return ",".join(f"{key}={_escaped(str(value), also=',:')}" for key, value in place.items())


def _escaped(text: str, also: str = "") -> str:
    for char in f"%\r\n{also}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def sarif(diagnostics: Iterable[Diagnostic], suppressed: Iterable[Suppressed] = ()) -> str:
    """One SARIF 2.1.0 log; what comments silence is in it as suppressed, with the reason as justification."""
    results = [_result(item) for item in diagnostics]
    for one in suppressed:
        silenced = {"kind": "inSource", "justification": one.reason}
        results.append({**_result(one.diagnostic), "suppressions": [silenced]})
    named = sorted({str(result["ruleId"]) for result in results})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES[code]},
            "help": {"text": f"netsaga explain {code}"},
            "defaultConfiguration": {"level": "warning" if code in WARNINGS else "error"},
        }
        for code in named
    ]
    run = {
        "tool": {"driver": {"name": "netsaga", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [{**result, "ruleIndex": named.index(str(result["ruleId"]))} for result in results],
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(item: Diagnostic) -> dict[str, object]:
    related = [
        {"id": number, "message": {"text": label.text}, **_location(label.span)}
        for number, label in enumerate(item.labels)
    ]
    return {
        "ruleId": item.code,
        "level": item.severity,
        "message": {"text": _message(item)},
        "locations": [_location(item.span)],
        **({"relatedLocations": related} if related else {}),
    }


def _location(span: Span) -> dict[str, object]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    place = {"artifactLocation": {"uri": quote(span.file.replace("\\", "/"), errors="replace")}, "region": region}
    return {"physicalLocation": place}


def _message(item: Diagnostic) -> str:
    return f"{item.message}\n{item.help}" if item.help else item.message


def _in_a_line(item: Diagnostic) -> str:
    line = f"{item.message}; {' '.join(item.help.split())}" if item.help else item.message
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line.replace("\n", " "))


FORMATS: Final[Mapping[str, Formatted]] = MappingProxyType(
    {"concise": concise, "json": as_json, "github": github, "sarif": sarif}
)
