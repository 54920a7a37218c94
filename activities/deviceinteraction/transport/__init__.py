"""How bytes reach a device. `protocol.py` is what the rest of the library sees; one file per implementation."""

from activities.deviceinteraction.transport.protocol import (
    Answer,
    CommandTransport,
    DataTransport,
    Ended,
    LinkFailed,
    Refusal,
    Resource,
    RpcTransport,
    Transport,
    TypingTransport,
)

__all__ = [
    "Answer",
    "CommandTransport",
    "DataTransport",
    "Ended",
    "LinkFailed",
    "Refusal",
    "Resource",
    "RpcTransport",
    "Transport",
    "TypingTransport",
]
