"""Types in the words of the reference: what a key may hold, for somebody who writes YAML."""

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from workflows.definition.language import Key, Kind, Part
from workflows.definition.language.actions import AnyAction
from workflows.definition.language.steps import AnyStep

Links = Mapping[type[Part], str]  # where each part has its table


def type_of(key: Key, links: Links) -> str:
    """What a key may hold, in Markdown."""
    kind = _kind(key.info.metadata)
    return kind or _words(key.info.annotation, links)


def parts_in(annotation: object) -> Iterator[type[Part]]:
    """The parts that a type can hold, in its order, without what those hold themselves."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from parts_in(inner)


def _kind(metadata: Sequence[object]) -> str:
    return next((one.words for one in reversed(metadata) if isinstance(one, Kind)), "")


def _words(annotation: object, links: Links) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation == AnyStep:
        return "[step](steps.md)"
    if annotation == AnyAction:
        return "[action](actions.md)"
    if origin is Annotated:
        return _kind(inner[1:]) or _words(inner[0], links)
    if origin is Literal:
        return " · ".join(f"`{str(one).lower() if isinstance(one, bool) else one}`" for one in inner)
    if origin in (Union, UnionType):
        found = [_words(one, links) for one in inner if one is not NoneType]
        return " or ".join(dict.fromkeys(found))
    if origin is tuple:
        return f"list of {_words(inner[0], links)}"
    if origin is dict:
        return f"map of a name to {_words(inner[1], links)}"
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return f"[map]({links[annotation]})"
    return "any value"
