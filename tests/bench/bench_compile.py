"""How long the compiler takes for a definition of every day."""

import statistics
import time
from pathlib import Path

from bench_figures import Figure
from workflows.definition.compiler import Source, compile_definition

REPEATS = 21


def compile_figures(root: Path) -> list[Figure]:
    """The shipped campus-vlan, compiled again and again; the median."""
    folder = root / "workflows" / "library"
    templates = {path.name: path.read_text() for path in (folder / "templates").glob("*.j2")}
    source = Source("campus-vlan.yaml", (folder / "campus-vlan.yaml").read_text(), templates)
    spent: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        compiled = compile_definition(source)
        spent.append(time.perf_counter() - began)
        assert compiled.ok, compiled.diagnostics
    return [Figure("compile campus-vlan, median", statistics.median(spent) * 1000, "ms", "<= 100")]
