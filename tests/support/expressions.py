"""Expressions from their text, through the compiler's own reader and parser."""

from workflows.definition.diagnostics import Findings
from workflows.definition.expressions import parse_bare
from workflows.definition.nodes import Fields, Scalar, Text
from workflows.definition.reader import read
from workflows.plan import Expr


def tree(expression: str) -> Expr:
    """The tree of an expression. Raises `ValueError` with the diagnostics where it is refused."""
    findings = Findings()
    root = read(Text.of("test.yaml", f"that: |-\n  {expression}\n"), findings)
    if isinstance(root, Fields):
        scalar = root.entries[0][1]
        assert isinstance(scalar, Scalar)
        parsed = parse_bare(scalar, findings)
        if parsed is not None and not findings.failed:
            return parsed.tree
    raise ValueError("; ".join(finding.message for finding in findings.ordered()))
