"""`netsaga graph`: a definition, or its plan, as Mermaid text. It needs no server."""

import argparse
import sys

from starter.definitions import load, printed
from workflows.definition.graphing import definition_graph, plan_graph


def graph(options: argparse.Namespace) -> int:
    """Exit code 0 with the graph on standard output, 1 with the mistakes on standard error."""
    definition = load(options.definition)
    plan = definition.compiled.plan
    if plan is None:
        print(printed([definition]), end="", file=sys.stderr)
        return 1
    print(plan_graph(plan) if options.plan else definition_graph(plan), end="")
    return 0
