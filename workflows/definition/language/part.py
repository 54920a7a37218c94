"""What the models of the language are made of: closed, frozen parts whose fields are the keys of a map in YAML.

A part says which keys a map has, what each may hold, and what it means. Schema, reference, formatter and builder read
that, and `keys.py` takes the compiler's lists of keys from it. It judges no expression: the compiler's passes do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is, in the words of the reference; stands in the metadata of its type."""

    words: str


class Part(BaseModel):
    """A map of the language. A key that the definition does not give is None, and is not printed."""

    # The compiler wants only the names of the fields: a validator is built where one is used.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    LAST: ClassVar[tuple[str, ...]] = ()  # fields of a common ancestor that stand behind those of its children
    ONE_OF: ClassVar[tuple[str, ...]] = ()  # of these keys exactly one is given


def key(
    meaning: str,
    *,
    examples: list[JsonValue],
    needed: bool = False,
    default: JsonValue = None,
    otherwise: str = "",
    alias: str | None = None,
) -> Any:  # noqa: ANN401 - as pydantic's own Field
    """A key of a part.

    Args:
        meaning: What it means, in Markdown: one or two sentences.
        examples: Values as YAML gives them; each fits the key's own type.
        needed: Whether the compiler asks for it.
        default: What holds where it is not given, as the definition would write it.
        otherwise: The same in words, where it cannot be written.
        alias: The key, where it cannot be the name of a Python field.
    """
    extra: dict[str, JsonValue] = {"$comment": f"without it: {otherwise}"} if otherwise else {}
    if default is not None:
        extra["default"] = default
    if needed:
        return Field(description=meaning, examples=examples, alias=alias)
    return Field(default=None, description=meaning, examples=examples, alias=alias, json_schema_extra=extra)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a part, as it stands in YAML."""

    name: str
    field: str
    info: FieldInfo

    @property
    def needed(self) -> bool:
        """Whether the compiler asks for it."""
        return self.info.is_required()

    @property
    def default(self) -> JsonValue:
        """What holds where it is not given; None where that is nothing, or only words can say it."""
        return self._extra("default")

    @property
    def otherwise(self) -> str:
        """What holds where it is not given, in words."""
        return str(self._extra("$comment") or "").removeprefix("without it: ")

    def _extra(self, name: str) -> JsonValue:
        extra = self.info.json_schema_extra
        return extra.get(name) if isinstance(extra, dict) else None


def parts_keys(part: type[Part]) -> Iterator[Key]:
    """The keys of a part in their canonical order."""
    fields = part.model_fields
    order = [*(name for name in fields if name not in part.LAST), *(name for name in part.LAST if name in fields)]
    for name in order:
        yield Key(fields[name].alias or name, name, fields[name])


def keys_of(part: type[Part]) -> tuple[str, ...]:
    """The names of the keys of a part in their canonical order."""
    return tuple(one.name for one in parts_keys(part))


Severity = Literal["critical", "warning"]
