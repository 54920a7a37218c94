"""`make bench`: measures what has a goal, prints a table and writes `.bench/latest.json`.

It is a program, not a test, for figures depend on the machine; ratios between two ways of doing the same thing in one
run travel better than absolute figures, so most are ratios. It starts its own server, worker and testbed on loopback.
With ``PEERS=1`` in the environment other tools are measured too, installed from PyPI below `.bench/peers`.
"""

import asyncio
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench_compile import compile_figures
from bench_evaluate import evaluate_figures
from bench_figures import Figure, table
from bench_fleet import fleet_figures
from bench_parse import parse_figures
from bench_peers import installed_peers
from bench_prompt import prompt_figures
from bench_scale import scale_figures
from bench_sessions import session_figures
from bench_start import start_figures

ROOT = Path(__file__).parents[2]


async def measure(folder: Path) -> list[Figure]:
    """All figures, one part after the other, so that none disturbs another."""
    figures = [*compile_figures(ROOT), *evaluate_figures(), *parse_figures(), *start_figures()]
    figures += await session_figures(folder / "sessions")
    figures += await prompt_figures(folder / "prompt")
    peers = installed_peers(ROOT / ".bench" / "peers") if os.environ.get("PEERS") == "1" else []
    figures += await fleet_figures(folder / "fleet", peers)
    figures += await scale_figures(folder / "scale")
    return figures


def main() -> None:
    """Measure, print, write. A goal that is missed is a figure to look at, not an error of the program."""
    with tempfile.TemporaryDirectory(prefix="netsaga-bench-") as folder:
        figures = asyncio.run(measure(Path(folder)))
    print(table(figures))
    latest = ROOT / ".bench" / "latest.json"
    latest.parent.mkdir(exist_ok=True)
    latest.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    print(f"\nwritten to {latest.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
