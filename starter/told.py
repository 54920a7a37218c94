"""Commands as people are told to type them: with the server, where a command would not find it by itself."""

import os
import re
import shlex
from contextvars import ContextVar
from typing import Final

ADDRESS: Final = "127.0.0.1:7233"
NAMESPACE: Final = "default"
# Those that the texts of runs and of the guard name, and that ask a server.
_IN_TEXT: Final = re.compile(
    r"\bnetsaga (?:quarantine clear|quarantine|approve|reject|watch|status|devices|resume|pause|cancel)\b"
)
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


def told_in(text: str) -> str:
    """A text that a run made, which does not know how its reader reaches the server, with its commands as `told`."""
    return _IN_TEXT.sub(lambda command: told(command[0]), text) if _server.get() else text
