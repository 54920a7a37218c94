"""`netsaga schema`: the JSON Schema of definitions, on standard output."""

import argparse

from workflows.definition.schema import schema_text


def schema(options: argparse.Namespace) -> int:  # noqa: ARG001 - as all commands
    """Prints the schema."""
    print(schema_text(), end="")
    return 0
