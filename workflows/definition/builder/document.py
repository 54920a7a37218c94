"""The whole definition, its text, and its compilation by the one compiler."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from workflows.definition.builder.flow import Piece, as_flow, written
from workflows.definition.builder.parts import make
from workflows.definition.compiler import Compiled, Source, compile_definition
from workflows.definition.language import Definition
from workflows.definition.language.step import Step
from workflows.definition.printing import definition_text

Values = Mapping[str, JsonValue]


def definition(
    name: str,
    version: str,
    *steps: Piece,
    description: str | None = None,
    inputs: Mapping[str, Values] | None = None,
    dedup: Values | None = None,
    inventory: Values | None = None,
    defaults: Values | None = None,
    finally_: Sequence[Step] | None = None,
    outputs: Values | None = None,
) -> Definition:
    """A definition of steps that follow each other; `parallel` makes branches.

    Raises:
        BuildError: A value that no definition can have.
    """
    given = {
        "netsaga": 1, "name": name, "version": version, "description": description, "inputs": inputs, "dedup": dedup,
        "inventory": inventory, "defaults": defaults, "steps": written(as_flow(*steps)) if steps else (),
        "finally_": finally_, "outputs": outputs,
    }  # fmt: skip
    return make(Definition, f"the definition `{name}`", given)


def to_yaml(built: Definition) -> str:
    """The definition as YAML: what the compiler reads, and what can be kept in a file instead of the code."""
    return definition_text(built)


def compile_built(
    built: Definition, *, templates: Mapping[str, str] | None = None, definitions: Mapping[str, Source] | None = None
) -> Compiled:
    """Compiles a built definition as any other: same checks, same messages; places are those of `to_yaml`'s text.

    Args:
        built: What `definition` made.
        templates: The texts of the templates that it names, by name.
        definitions: The definitions that it calls, as ``NAME@VERSION`` is written.
    """
    source = Source(f"{built.name}.yaml", to_yaml(built), templates or {}, definitions or {})
    return compile_definition(source)
