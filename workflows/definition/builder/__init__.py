"""Definitions in Python: steps as functions, combinators for their order, the same model and the same compiler.

Nothing here runs anything. `definition` makes what a YAML file says, `to_yaml` prints that file, and `compile_built`
hands it to the compiler. A value that cannot stand in a definition is refused where it is given (`BuildError`).
"""

from workflows.definition.builder import actions
from workflows.definition.builder.document import compile_built, definition, to_yaml
from workflows.definition.builder.flow import Flow, parallel, retry, sequence, timeout, when
from workflows.definition.builder.parts import BuildError
from workflows.definition.builder.steps import (
    ansible,
    approve,
    awx,
    call,
    fan_out,
    http,
    notify,
    script,
    set_,
    wait,
)

__all__ = [
    "BuildError",
    "Flow",
    "actions",
    "ansible",
    "approve",
    "awx",
    "call",
    "compile_built",
    "definition",
    "fan_out",
    "http",
    "notify",
    "parallel",
    "retry",
    "script",
    "sequence",
    "set_",
    "timeout",
    "to_yaml",
    "wait",
    "when",
]
