"""How long a condition over the results of 800 devices takes, against Jinja2's own compiled expression.

Both run in one process, in turn, over the same values; the best of many passes, for a busy machine only adds.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import jinja2

from bench_figures import Figure
from workflows.definition.diagnostics import Findings
from workflows.definition.expressions import parse_bare
from workflows.definition.nodes import Scalar, Text
from workflows.plan import Expr
from workflows.run.evaluate import evaluate

DEVICES: Final = 800
PASSES: Final = 15
LOOPS: Final = 40
RESULTS: Final = [
    {"name": f"acc-{number:03}", "status": "ok", "vlans": number % 40, "site": f"s{number % 7}"}
    for number in range(DEVICES)
]
CONDITIONS: Final = (
    f"rows | selectattr('status', 'equalto', 'ok') | list | length == {DEVICES}",
    "rows | map(attribute='vlans') | sum > 100",
    "'acc-799' in rows | map(attribute='name') | list",
)


def evaluate_figures() -> list[Figure]:
    """Microseconds of each condition, and what Jinja2 takes in units of that."""
    found: list[Figure] = []
    environment = jinja2.Environment()
    context = {"rows": RESULTS}
    for condition in CONDITIONS:
        expression, theirs = tree_of(condition), environment.compile_expression(condition)
        assert evaluate(expression, context) is True
        assert theirs(context) is True
        ours_us, theirs_us = in_turn_us(partial(evaluate, expression, context), partial(theirs, context))
        found += [
            Figure(f"condition over {DEVICES} devices: {condition}", ours_us, "us", "<= 100"),
            Figure(f"Jinja2 / ours: {condition}", theirs_us / ours_us, "x", ">= 1"),
        ]
    return found


def tree_of(text: str) -> Expr:
    """The tree of an expression."""
    findings = Findings()
    parsed = parse_bare(Scalar(text, text, "", Text.of("bench", text), 0, len(text)), findings)
    assert parsed is not None, findings.items
    return parsed.tree


def in_turn_us(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Microseconds of CPU of one call of each; the best pass of each."""
    best = [float("inf"), float("inf")]
    for _ in range(PASSES):
        for side, call in enumerate((one, other)):
            began = time.process_time()
            for _ in range(LOOPS):
                call()
            best[side] = min(best[side], (time.process_time() - began) / LOOPS)
    return best[0] * 1e6, best[1] * 1e6
