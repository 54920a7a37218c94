"""Commands as people are told to type them: with the server, where a command would not find it by itself."""

import os
import shlex
from contextvars import ContextVar
from typing import Final

ADDRESS: Final = "127.0.0.1:7233"
NAMESPACE: Final = "default"
_server: ContextVar[str] = ContextVar("server", default="")


def usual_address() -> str:
    """The Temporal server that a command talks to unless it is told of another one."""
    return os.environ.get("NETSAGA_ADDRESS", ADDRESS)


def talks_to(address: str, namespace: str) -> None:
    """From here on, commands are told with this server where it is not the usual one."""
    said = {"address": (address, usual_address()), "namespace": (namespace, NAMESPACE)}
    _server.set("".join(f" --{name} {shlex.quote(now)}" for name, (now, usual) in said.items() if now != usual))


def told(command: str) -> str:
    """A whole command line that asks a server, such as ``netsaga watch last``."""
    return f"{command}{_server.get()}"
