"""How the builder makes parts of the language from Python values, and says what does not fit."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from workflows.definition.language import Part

P = TypeVar("P", bound=Part)


class BuildError(ValueError):
    """A value that no definition can have, said where the part is made. It names each key and what it takes."""


def make(part: type[P], what: str, given: Mapping[str, object]) -> P:
    """Makes a part.

    Args:
        part: Its model.
        what: What it is, for messages, as ``the step `deploy```.
        given: Its fields by name; None means not given.

    Raises:
        BuildError: A key is missing, unknown or does not fit.
    """
    try:
        return part.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = [
            f"`{'.'.join(str(one) for one in problem['loc'])}`: {problem['msg'].lower()}, found {problem['input']!r}"
            for problem in error.errors(include_url=False, include_context=False)
        ]
        raise BuildError(f"{what} cannot be built:\n" + "\n".join(f"  {one}" for one in problems)) from None


def changed(part: P, **changes: object) -> P:
    """A copy of a part with other values, validated like the part itself."""
    given = {name: getattr(part, name) for name in part.model_fields_set}
    return make(type(part), "the part", given | changes)
