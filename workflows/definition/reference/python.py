"""The page about definitions in Python, made from the builder itself."""

import inspect
from collections.abc import Callable
from typing import Final

from workflows.definition import builder
from workflows.definition.builder import actions
from workflows.definition.language.actions import ACTIONS
from workflows.definition.reference.tables import heading

_INTRODUCTION: Final = """
Definitions may be written in Python instead of YAML. What the functions make is the language's own model: `to_yaml`
prints the file, `compile_built` compiles it, with the same checks and the same messages. A value that cannot stand in
a definition is refused where it is given, as `BuildError`. Nothing here runs anything.

Keys that are words of Python have an underscore behind them: `for_`, `with_`, `as_`, `finally_`, `set_`.
"""
_STEPS: Final = ("fan_out", "http", "approve", "wait", "call", "script", "ansible", "awx", "notify", "set_")
_FLOW: Final = ("sequence", "parallel", "when", "retry", "timeout")
_WHOLE: Final = ("definition", "to_yaml", "compile_built")


def python_page(example: str) -> str:
    """The page.

    Args:
        example: A program that builds a definition.
    """
    return "\n\n".join(
        [
            heading(1, "In Python", _INTRODUCTION),
            heading(2, "The whole", _table({name: getattr(builder, name) for name in _WHOLE})),
            heading(2, "Order, and what several steps have in common", _table(_named(_FLOW))),
            heading(2, "Steps", _table(_named(_STEPS))),
            heading(
                2,
                "Actions",
                "In `builder.actions`, for `fan_out`.\n\n"
                + _table({name: getattr(actions, name) for name in (*ACTIONS, "change", "demand")}),
            ),
            heading(2, "Example", f"```python\n{example.rstrip()}\n```"),
        ]
    )


def _named(names: tuple[str, ...]) -> dict[str, Callable[..., object]]:
    return {name: getattr(builder, name) for name in names}


def _table(functions: dict[str, Callable[..., object]]) -> str:
    rows = ["| function | takes | does |", "|---|---|---|"]
    for name, function in functions.items():
        taken = [f"`{_parameter(one)}`" for one in inspect.signature(function).parameters.values()]
        does = (inspect.getdoc(function) or "").split("\n\n", maxsplit=1)[0]
        rows.append(f"| `{name}` | {', '.join(taken)} | {' '.join(does.replace('``', '`').split())} |")
    return "\n".join(rows)


def _parameter(one: inspect.Parameter) -> str:
    if one.kind is inspect.Parameter.VAR_POSITIONAL:
        return f"*{one.name}"
    return f"**{one.name}" if one.kind is inspect.Parameter.VAR_KEYWORD else one.name
