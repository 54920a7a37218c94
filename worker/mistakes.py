"""Turns what pydantic says of a settings file into sentences with a line and a way out.

It knows pydantic's error types and nothing of what a setting means; `worker/settings.py` calls it.
"""

import difflib
from collections.abc import Container, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from worker.located import Located


def explain(
    detail: ErrorDetails,
    located: Located,
    root: type[BaseModel],
    *,
    hide: Container[str] = (),
    patterns: Mapping[str, str] = {},
) -> str:
    """One mistake as one sentence, without its place.

    Args:
        detail: The mistake as pydantic reports it.
        located: The document that was checked.
        root: The model that it was checked against.
        hide: Top-level sections whose values are not repeated, for somebody may have put a secret there.
        patterns: What a regular expression of the model demands, in words.
    """
    loc = detail["loc"]
    context = detail.get("ctx") or {}
    name = ".".join(str(part) for part in located.known(loc)) or "the file"
    match detail["type"]:
        case "extra_forbidden":
            return f"`{name}` is not a setting; {_instead(str(loc[-1]), _keys_at(root, loc[:-1]))}"
        case "missing":
            return f"`{name}` lacks `{loc[-1]}`"
        case "union_tag_not_found":
            return f"`{name}` lacks `kind`"
        case "union_tag_invalid":
            return f"`{name}` has the kind {context.get('tag')!r}; expected one of {context.get('expected_tags')}"
        case "string_pattern_mismatch" if context.get("pattern") in patterns:
            return f"`{name}`: expected {patterns[context['pattern']]}, found {detail['input']!r}"
        case "tuple_type":  # what we call a list
            found = "" if loc and str(loc[0]) in hide else f", found {detail['input']!r}"
            return f"`{name}`: expected a list, as [a, b]{found}"
        case "value_error":
            return f"`{name}`: {context.get('error', detail['msg'])}"
        case _:
            message = detail["msg"]
            found = "" if loc and str(loc[0]) in hide else f", found {detail['input']!r}"
            return f"`{name}`: {message[:1].lower()}{message[1:]}{found}"


def _instead(unknown: str, known: list[str]) -> str:
    near = difflib.get_close_matches(unknown, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"


def _keys_at(root: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys that would be right at a place."""
    here: Any = root  # a type or a typing form; narrowed step by step
    for part in loc:
        here = _inside(here, str(part))
    return sorted(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _inside(here: Any, part: str) -> Any:  # noqa: ANN401  # typing forms have no common type
    """The type that one part of a location leads to; pydantic puts the tag of a union into the location."""
    if isinstance(here, type) and issubclass(here, BaseModel):
        here = here.model_fields[part].annotation
    elif get_origin(here) is Mapping:
        here = get_args(here)[1]
    if get_origin(here) is Annotated:
        here = get_args(here)[0]
    if get_origin(here) in {Union, UnionType}:
        here = next((member for member in get_args(here) if part in _tags(member)), here)
    return here


def _tags(member: Any) -> tuple[str, ...]:  # noqa: ANN401  # as above
    """The values of ``kind`` that a member of a union stands for."""
    kind = member.model_fields.get("kind") if isinstance(member, type) and issubclass(member, BaseModel) else None
    return get_args(kind.annotation) if kind is not None and get_origin(kind.annotation) is Literal else ()
