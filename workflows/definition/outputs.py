"""What a step yields to the steps after it: the types of ``steps.X.NAME``, one match over the verbs."""

from collections.abc import Mapping
from typing import Final, assert_never

from workflows.definition.draft import (
    ApproveBody,
    Body,
    CallBody,
    DevicesBody,
    HttpBody,
    NotifyBody,
    ScriptBody,
    SetBody,
    WaitBody,
)
from workflows.definition.types import AGGREGATES, HOSTS, INTEGER, TEXT, UNKNOWN, Maybe, Record, Type, type_of_input

HTTP: Final[Mapping[str, Type]] = {"status": INTEGER, "json": UNKNOWN, "text": TEXT, "body": Maybe(TEXT)}
SCRIPT: Final[Mapping[str, Type]] = {"result": UNKNOWN, "log": Maybe(TEXT)}


def outputs_of(body: Body, called: Mapping[str, Type], computed: Mapping[str, Type]) -> Mapping[str, Type]:
    """The outputs of a step by name.

    Args:
        body: The step's verb.
        called: Of a ``call``, the outputs of the called definition.
        computed: Of a ``set``, the types of its values as far as they are known.
    """
    match body:
        case DevicesBody():
            return AGGREGATES
        case HttpBody():
            return HTTP
        case ScriptBody():
            return SCRIPT
        case WaitBody():
            if body.devices is not None:
                return dict.fromkeys(("reachable", "unreachable", "refused"), HOSTS)
            return {name: type_of_input(one) for name, one in body.payload.items()}
        case CallBody():
            return called
        case SetBody():
            return {word.text: computed.get(word.text, UNKNOWN) for word, _ in body.values}
        case ApproveBody() | NotifyBody():
            return {}
        case _:
            assert_never(body)


def result_of(body: Body) -> Type | None:
    """What a step's own ``check`` knows as ``result``; None for verbs that answer nothing."""
    match body:
        case HttpBody():
            return Record("`result`", HTTP)
        case ScriptBody():
            return UNKNOWN
        case _:
            return None


def verb_of(body: Body) -> str:
    """The verb, as the definition writes it."""
    match body:
        case DevicesBody():
            return "devices"
        case HttpBody():
            return "http"
        case ApproveBody():
            return "approve"
        case WaitBody():
            return "wait"
        case CallBody():
            return "call"
        case ScriptBody():
            return body.engine
        case NotifyBody():
            return "notify"
        case SetBody():
            return "set"
        case _:
            assert_never(body)


def article(verb: str) -> str:
    """The article before a verb, as in ``an `http` step``."""
    return "an" if verb[0] in "aeh" else "a"
