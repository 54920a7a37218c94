"""The JSON Schema of definitions, for editors: draft 2020-12, made from the models of the language.

A schema sees keys, types and patterns. Names, expressions and safety are the compiler's, which has the last word.
`schema.json` beside this file is its output; a test keeps it current.
"""

import json
from typing import Final

from pydantic import JsonValue
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from workflows.definition.language import Definition, Part

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TITLE: Final = "netsaga definition"


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, but a key is either there with a value or not there: none is null."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        made = super().generate(schema, mode)
        return {"$schema": DIALECT, **made, "title": TITLE}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        part = schema["cls"]
        if issubclass(part, Part) and part.ONE_OF:
            made["oneOf"] = [{"required": [name]} for name in part.ONE_OF]
        return made

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        if "patternProperties" in made:
            made["additionalProperties"] = False
        return made

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - a title would repeat the key
        return False


def json_schema() -> dict[str, JsonValue]:
    """The schema as data."""
    return Definition.model_json_schema(by_alias=True, schema_generator=_Generator)


def schema_text() -> str:
    """The schema as the text of a file."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
