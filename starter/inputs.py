"""Inputs of a run as people type them: ``key=value``, or a file."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml
from pydantic import JsonValue, TypeAdapter, ValidationError

from starter.errors import UsageError
from workflows.inputs import coerce_text
from workflows.plan import Input

JSON_MAP: Final = TypeAdapter(dict[str, JsonValue])
# YAML 1.2 core: only these plain words are not text. PyYAML reads 1.1, where `yes`, `22:30` and dates are not either.
CORE: Final = (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
)


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema, so that a file means what editors and other tools say."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _pattern, _first in CORE:
    CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def given(pairs: Sequence[str], declared: Mapping[str, Input] | None, *, flag: str = "-i") -> dict[str, JsonValue]:
    """Read ``key=value`` pairs.

    Args:
        pairs: As typed.
        declared: The definition's inputs where they are known: a value is then read as its type asks. Otherwise a
            value that is JSON is JSON, and any other is text; the worker checks both against the definition.
        flag: How they are typed, for messages.

    Raises:
        UsageError: A pair without ``=``, or a key twice.
    """
    texts: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{flag} {pair!r} is not KEY=VALUE, for example {flag} vlan_id=120.")
        if key in texts:
            raise UsageError(f"{flag} {key}=… is there twice: {texts[key]!r} and {value!r}. Keep one.")
        texts[key] = value
    if declared is not None:
        return coerce_text(declared, texts)
    return {key: _json_or_text(value) for key, value in texts.items()}


def from_file(path: Path | None) -> dict[str, JsonValue]:
    """Read a map of inputs from a YAML or JSON file; nothing without a file.

    Raises:
        UsageError: The file cannot be read, or is no map of JSON values.
    """
    if path is None:
        return {}
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=CoreLoader)  # noqa: S506 - a SafeLoader
        return JSON_MAP.validate_python({} if value is None else value)
    except OSError as error:
        raise UsageError(f"--inputs {path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"--inputs {path} is no YAML: {error}") from error
    except ValidationError as error:
        raise UsageError(
            f"--inputs {path} is no map from input names to values: {error.errors()[0]['msg'].lower()}."
        ) from error


def _json_or_text(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text, parse_constant=_no_json)
    except ValueError:
        return text
    return value


def _no_json(text: str) -> None:
    raise ValueError(f"{text} is not JSON")
