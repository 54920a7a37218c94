"""What is sent to a workflow, as it comes: any number of values of any shape, which must never stop it.

A handler of signals with one typed parameter fails its workflow's task where a signal brings none or two, and goes on
failing for as long as the signal stands in history, which is for ever. The SDK drops only what it cannot decode. So
handlers take ``*said``, and ask here what was meant. Anybody who may reach the server may signal a workflow.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from workflows.errors import InvalidInputError
from workflows.wording import shortened

M = TypeVar("M", bound=BaseModel)

SHOWN = 3  # mistakes that a message names
KEPT: Final = 200  # messages that did not count; who goes on sending such is no longer recorded
NAME: Final = 200  # characters that are kept of a name ...
TEXT: Final = 2_000  # ... and of a comment or a reason
_TEXTS: Final = frozenset({"comment", "reason"})


def arrived(kind: type[M], said: Sequence[object]) -> M | None:
    """What one workflow of ours signals to another; None where this is no such thing, and the worker's log says so."""
    try:
        return read(kind, payload(said))
    except InvalidInputError as error:
        workflow.logger.warning("a signal that is no %s was passed over: %s", kind.__name__, error)
        return None


def asked(kind: type[M], said: Sequence[object], example: str) -> M:
    """What a person's update says.

    Args:
        kind: The model of its one value.
        said: Its values.
        example: What to send, as JSON.

    Raises:
        ApplicationError: ``invalid_input``: what is wrong with it, and the example.
    """
    try:
        return read(kind, payload(said))
    except InvalidInputError as error:
        raise ApplicationError(f"{error}; send {example}", type="invalid_input") from None


def payload(said: Sequence[object]) -> object:
    """The one value of a message, None where it has none, the list of them where there are more."""
    return said[0] if len(said) == 1 else list(said) or None


def read(kind: type[M], value: object) -> M:
    """A message as a model.

    Raises:
        InvalidInputError: What is wrong with it, in words for the one who sent it.
    """
    if not isinstance(value, dict):
        found = "nothing" if value is None else "a list" if isinstance(value, list) else "one plain value"
        raise InvalidInputError(f"one JSON object is expected, and this is {found}")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        mistakes = "; ".join(_mistake(item) for item in error.errors()[:SHOWN])
        raise InvalidInputError(shortened(mistakes, TEXT)) from None


def trimmed(said: M) -> M:
    """What a person has said, as a run keeps it to its end: texts of a length that its own messages can carry.

    Anybody may send as much as the server takes, which is more than `contracts.MAX_PAYLOAD`: a run that kept it all
    could neither be looked at nor sealed any more.
    """
    texts = {name: value for name, value in said if isinstance(value, str)}
    kept = {name: shortened(value, TEXT if name in _TEXTS else NAME) for name, value in texts.items()}
    return said if kept == texts else said.model_copy(update=kept)


def _mistake(item: object) -> str:
    """One of pydantic's findings, without its address for readers of code."""
    assert isinstance(item, dict), "pydantic makes it"
    name = ".".join(map(str, item["loc"]))
    match item["type"]:
        case "missing" | "string_too_short":
            return f"`{name}` is missing"
        case "extra_forbidden":
            return f"`{name}` is not known"
        case "tuple_type":
            return f"`{name}`: input should be a list"
        case _:
            return f"`{name}`: {item['msg'][:1].lower()}{item['msg'][1:]}"
