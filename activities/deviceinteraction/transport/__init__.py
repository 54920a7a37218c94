"""How bytes reach a device. `protocol.py` is what the rest of the library sees; one file per implementation."""

from activities.deviceinteraction.transport.protocol import (
    Answer,
    CommandTransport,
    Ended,
    LinkFailed,
    RpcTransport,
    Transport,
)

__all__ = ["Answer", "CommandTransport", "Ended", "LinkFailed", "RpcTransport", "Transport"]
