"""One mistake, one message: a good definition with one thing broken says that thing, once, where it is.

A person who reads ten messages for one slip corrects nine places that were right.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from workflows.definition.compiler import Source, compile_definition
from workflows.definition.references import referenced_templates

HERE = Path(__file__).parent
LIBRARY = HERE.parents[2] / "workflows" / "library"
GOOD = [*sorted((HERE / "good").glob("*.yaml")), LIBRARY / "campus-vlan.yaml"]
LEAST = 0.95  # of the broken definitions that have one message
EACH = 3  # slips that are tried: every third
NAMES = {"NS403", "NS408", "NS501", "NS507"}  # a name that is misspelt where it is given is missed where it is used


def source(path: Path, text: str) -> Source:
    folder = path.parent / "templates"
    templates = {name: (folder / name).read_text(encoding="utf-8") for name in referenced_templates(text)}
    called = {
        file.stem: Source(file.name, file.read_text(encoding="utf-8"))
        for file in sorted((path.parent / "definitions").glob("*.yaml"))
    }
    return Source(path.name, text, templates, called)


def slips(text: str) -> Iterator[tuple[str, int, str]]:
    """Texts with one slip each, with its line and what it is."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        code, hash_sign, comment = line.partition("  #")
        if not code.strip() or code.lstrip().startswith("#"):
            continue

        def broken(changed: str, at: int = number, rest: str = hash_sign + comment) -> str:
            return "".join((*lines[:at], changed + rest, *lines[at + 1 :]))

        for match in re.finditer(r"(?<=[\s{])([a-z_]{4,})(?=: )", code):
            key = match[1]
            typo = f"{code[: match.start()]}{key[:-2]}{key[-1]}{key[-2]}q{code[match.end() :]}"
            yield broken(typo), number + 1, f"key {key}"
        for match in re.finditer(r"(inputs|steps|device|run)\.([a-z_]{3,})", code):
            typo = f"{code[: match.end()]}q{code[match.end() :]}"
            yield broken(typo), number + 1, f"name {match[0]}"
        for match in re.finditer(r"(?<=: )(\d+)(?=[,}\s])", code):
            yield broken(f"{code[: match.start()]}many{code[match.end() :]}"), number + 1, f"number {match[0]}"
        for match in re.finditer(r" (==|!=|>=|<=) ", code):
            if '"' not in code[: match.start()] or "when:" in code or ": " in code[: match.start()]:
                yield broken(f"{code[: match.start()]} === {code[match.end() :]}"), number + 1, f"operator {match[1]}"


@pytest.mark.untraced
def test_one_slip_is_one_message_on_its_line() -> None:
    counts: Counter[int] = Counter()
    elsewhere, many = [], []
    for path in GOOD:
        text = path.read_text(encoding="utf-8")
        for broken, line, what in islice(slips(text), 0, None, EACH):
            found = [item for item in compile_definition(source(path, broken)).diagnostics if item.severity == "error"]
            if not found:
                continue  # a free name (of an input, a value, a check) may be any
            counts[len(found)] += 1
            shown = f"{path.name}:{line} {what}: {[(item.span.line, item.code, item.message) for item in found]}"
            if len(found) > 1:
                many.append(shown)
            elif found[0].span.line != line and not (what.startswith("key") and found[0].code in NAMES):
                elsewhere.append(shown)
    total = counts.total()
    assert total > 150
    assert counts[1] >= LEAST * total, f"{counts}\n" + "\n".join(many)
    assert len(elsewhere) <= (1 - LEAST) * total, "\n".join(elsewhere)
