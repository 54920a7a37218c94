"""Parsing with compiled templates kept, against the call that ntc_templates ships, for every template of the platforms.

The outputs are made from the templates' own expressions, as no device's come with the package. Each is parsed a few
times by either, so that the stock call finds in its caches what it keeps there.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import textfsm  # type: ignore[import-untyped]  # ships no types
from ntc_templates.parse import ParsingException, parse_output  # type: ignore[import-untyped]  # same

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.parse import parse_rows
from bench_figures import Figure
from template_outputs import commands, output_for

LINES: Final = 30
TIMES: Final = 3


def parse_figures() -> list[Figure]:
    """CPU of a call, the stock one's and ours, at the median of all commands."""
    stock: list[float] = []
    kept: list[float] = []
    for platform, command, templates in commands():
        output = output_for(templates, LINES, seed=0)
        stock.append(_cpu_s(lambda: parse_output(platform, command, output)))  # noqa: B023  # it is called at once
        kept.append(_cpu_s(lambda: parse_rows(platform, command, output)))  # noqa: B023
    ratios = [before / after for before, after in zip(stock, kept, strict=True)]
    return [
        Figure(f"parse {LINES} lines, ntc_templates, median of {len(stock)} commands", _ms(stock), "ms"),
        Figure(f"parse {LINES} lines, templates kept, median of {len(kept)} commands", _ms(kept), "ms"),
        Figure("parse, ntc_templates / templates kept, median", statistics.median(ratios), "x", ">= 10"),
        Figure("parse, ntc_templates / templates kept, lowest tenth", statistics.quantiles(ratios, n=10)[0], "x"),
    ]


def _cpu_s(parse: Callable[[], object]) -> float:
    """Of the quickest of a few calls; an output that the template refuses is one, too."""
    spent: list[float] = []
    for _ in range(TIMES):
        began = time.process_time()
        with suppress(CheckFailed, textfsm.TextFSMError, ParsingException):
            parse()
        spent.append(time.process_time() - began)
    return min(spent)


def _ms(values: list[float]) -> float:
    return statistics.median(values) * 1000
