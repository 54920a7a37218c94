"""Whatever the text is: a plan, or a diagnostic that points into the text; never a crash, a hang or a flood of memory.

A short run is part of the suite. `NETSAGA_FUZZ=20000 pytest tests/workflows/definition/test_fuzz.py` looks longer.
"""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from workflows.definition.compiler import Source, compile_definition
from workflows.definition.formats import FORMATS
from workflows.definition.references import referenced_definitions, referenced_templates
from workflows.definition.render import render

pytestmark = pytest.mark.untraced  # it is long, and others cover the compiler

EXAMPLES = int(os.environ.get("NETSAGA_FUZZ", "150"))
LONGEST_S = 2.0
TRACED = 5  # so much slower is code whose coverage is measured; that is not what is promised
MOST_MEMORY = 200 * 1024 * 1024
ROOT = Path(__file__).parents[3]
GOOD = [
    path.read_text(encoding="utf-8")
    for path in (*sorted((Path(__file__).parent / "good").glob("*.yaml")), ROOT / "workflows/library/campus-vlan.yaml")
]
TEMPLATES = {"vlan.j2": "vlan {{ vlan_id }}\n name {{ name }}\n", "summary.md.j2": "{{ run.id }}\n", "x.j2": "{% if %}"}
PIECES = [
    "", " ", "  ", "\n", "\t", ":", ": ", "- ", "{", "}", "[", "]", "{}", "[]", "'", '"', "|", ">", "#", "&a", "*a",
    "!!x",
    "---\n", "...\n", "%YAML 1.1\n", "<<: ", "? ", "~", "null", "true", "yes", "1_0", "0o17", "2026-12-01", "9" * 400,
    "-1", "1e999", ".inf", "${{", "}}", "${{ 1 }}", "{{", "(" * 70, "[" * 60, "not " * 80, "-" * 90,
    "inputs.", "steps.",
    " | length", " | map('x')", " is match('(a+)+$')", "'\\ud800'", '"\\ud800"', "\ud800", "\x00", "\x85",
    "\u2028", "\ufeff",
    "9" * 5000, "1 ** 9 ** 9", "'a' * 999999999", "when: ", "needs: ", "id: ", "do: ", "call: x@1",
    "# netsaga: ignore[",
    "# netsaga: ignore[NS702] x", "10%", ">= 95%", "0s", "5m", "99999999999999999999d", "steps", "finally:\n",
]  # fmt: skip


@contextmanager
def bounded() -> Iterator[None]:
    """Raises where the body takes more CPU than it may; the clock of the CPU, for others may be using this machine."""

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {LONGEST_S:g} s of CPU")

    before = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S * (TRACED if sys.gettrace() else 1))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def judge(text: str) -> None:
    """Compiles a text as a client would, and holds what comes of it to the promise."""
    for referenced in (referenced_templates, referenced_definitions):
        with bounded():
            referenced(text)
    with bounded():
        compiled = compile_definition(Source("x.yaml", text, TEMPLATES))
    errors = [item for item in compiled.diagnostics if item.severity == "error"]
    assert compiled.ok != bool(errors)
    lines = text.removeprefix("\ufeff").splitlines() or [""]
    for item in compiled.diagnostics:
        span = item.span
        assert item.message
        assert span.file == "x.yaml"
        assert 1 <= span.line <= span.end_line <= len(lines) + 1
        assert 1 <= span.column <= len(lines[span.line - 1] if span.line <= len(lines) else "") + 1
        assert (span.line, span.column) <= (span.end_line, span.end_column)
    if errors and text.strip():
        assert any(item.span.line <= len(lines) for item in errors)
    places = [(item.span.line, item.span.column) for item in compiled.diagnostics]
    assert places == sorted(places)
    render(compiled.diagnostics, {"x.yaml": text}, colour=True).encode()
    for form in FORMATS.values():
        form(compiled.diagnostics, compiled.suppressed).encode()


def damaged(chance: random.Random) -> str:
    """A good definition with some of it cut out, doubled, moved, or replaced by what means something here."""
    text = chance.choice(GOOD)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        at, length = chance.randrange(len(text) + 1), chance.choice([0, 0, 1, 1, 2, 5, 20, 80])
        match chance.randrange(5):
            case 0:
                text = text[:at] + text[at + length :]
            case 1:
                other = chance.randrange(len(text) + 1)
                text = text[:at] + text[other : other + length] + text[at:]
            case 2:
                lines = text.splitlines(keepends=True) or [""]
                chance.shuffle(lines[(here := chance.randrange(len(lines))) : here + 4])
                lines.insert(chance.randrange(len(lines)), chance.choice(lines))
                text = "".join(lines)
            case _:
                text = text[:at] + chance.choice(PIECES) + text[at + chance.choice([0, length]) :]
    return text


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**40))
def test_a_damaged_definition_yields_a_plan_or_a_diagnostic_in_its_text(seed: int) -> None:
    judge(damaged(random.Random(seed)))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
@example(b"\xff\xfen\x00e\x00t\x00")
@example(b"netsaga: 1\n\xe4")
@example(b"")
@example(b"\xef\xbb\xbf")
@example(b"a: 1\r\rb: \x85 2\r\n")
def test_random_bytes_yield_a_diagnostic_in_the_text(data: bytes) -> None:
    judge(data.decode("utf-8", "surrogateescape"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from("netsaga:{}[]'\"-|>#&*!%?, \n\t\r\x85\u2028$1.e"), max_size=120))
def test_random_yaml_yields_a_diagnostic_in_the_text(text: str) -> None:
    judge(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        "{a: " * 200_000,
        "- " * 400_000,
        "a: " + "9" * 900_000,
        "'" * 1_000_000,
        "\n" * 1_000_000,
        "&a " * 200_000,
        "".join(f"k{number}: v\n" for number in range(90_000)),
        "netsaga: 1\nname: x\nversion: 1.0.0\nsteps:\n" + "- {}\n" * 150_000,
        "netsaga: 1\nname: x\nversion: 1.0.0\nsteps:\n  - id: a\n    when: " + "(" * 3900,
        "netsaga: 1\nname: x\nversion: 1.0.0\nsteps:\n  - id: a\n    when: " + "not " * 900 + "x",
        "netsaga: 1\nname: x\nversion: 1.0.0\nsteps:\n  - id: a\n    when: " + "x + " * 900 + "x",
        "netsaga: 1\nname: x\nversion: 1.0.0\nsteps:\n" + "  - id: a\n    when: inputs.a\n    notify: {}\n" * 20_000,
        "# netsaga: ignore[NS702]\n" * 40_000 + "a: 1",
        "x: 'a # netsaga: ignore[NS702]'\n" * 30_000,
    ],
    ids=lambda text: repr(text[:12] + text[-12:]),
)
def test_a_text_that_is_made_to_be_slow_is_not(text: str) -> None:
    judge(text)


MEASURED = """
import random, resource, sys
sys.path[:0] = [{root!r}, {here!r}]
from test_fuzz import damaged, judge
judge(damaged(random.Random(0)))
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + {memory}, now + {memory}))
for seed in range({first}, {first} + {examples}):
    judge(damaged(random.Random(seed)))
judge("netsaga: 1\\nname: x\\nversion: 1.0.0\\nsteps:\\n" + "- {{}}\\n" * 5000)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_no_definition_takes_more_memory_than_it_may() -> None:
    code = MEASURED.format(
        root=str(ROOT), here=str(Path(__file__).parent), memory=MOST_MEMORY, first=10**6, examples=EXAMPLES
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
