"""`netsaga graph`: a definition, or its plan, or a run as it stands, as Mermaid text. Only a run needs a server."""

import argparse
import sys

from starter.cli.session import print_json, with_server
from starter.client import Orchestrator
from starter.definitions import is_file, load, printed
from workflows.definition.graphing import definition_graph, plan_graph


def graph(options: argparse.Namespace) -> int:
    """Exit code 0 with the graph on standard output; of a definition, 1 with the mistakes on standard error."""
    if not is_file(options.subject):
        return _run(options)
    definition = load(options.subject)
    plan = definition.compiled.plan
    if plan is None:
        print(printed([definition]), end="", file=sys.stderr)
        return 1
    print(plan_graph(plan) if options.plan else definition_graph(plan), end="")
    return 0


def _run(options: argparse.Namespace) -> int:
    async def body(orchestrator: Orchestrator) -> int:
        found = await (await orchestrator.find(options.subject)).graph()
        if options.json:
            print_json(found)
        else:
            print(found.mermaid, end="")
        return 0

    return with_server(options, body)
