"""Which transport a platform is reached by, and what is typed there for a line that is sent."""

import shlex
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from activities.deviceinteraction.failures import InvalidInput
from activities.deviceinteraction.model import HostKeys, PlatformName, Target, Timeouts
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.netconf import open_netconf
from activities.deviceinteraction.transport.protocol import Transport
from activities.deviceinteraction.transport.scrapli import open_transport
from activities.deviceinteraction.transport.shell import open_shell

# How a link is come by: its target, platform, host keys, limits and transcript.
Link = Callable[
    [Target, PlatformName, HostKeys, Timeouts, Transcript],
    AbstractAsyncContextManager[Transport],
]


@asynccontextmanager
async def open_link(
    target: Target, platform: PlatformName, host_keys: HostKeys, timeouts: Timeouts, transcript: Transcript
) -> AsyncIterator[Transport]:
    """Log in to a device by the transport of its platform; log out at the end.

    Raises:
        Unreachable: No session could be opened.
        Permanent: Login, enable or the host key was refused; tried exactly once.
    """
    spoken = _SPOKEN.get(platform)
    opened: AbstractAsyncContextManager[Transport]
    if platform == "netconf":
        opened = open_netconf(target, host_keys, timeouts, transcript)
    elif spoken is not None:
        opened = open_shell(target, host_keys, timeouts, transcript, spoken)
    else:
        opened = open_transport(target, platform, host_keys, timeouts, transcript)
    async with opened as transport:
        yield transport


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise InvalidInput(f"{line!r} cannot be split into words: {error}.") from error


def _birdc(line: str) -> str:
    """birdc(8) takes a command as one word; the shell must see nothing else in it."""
    return f"birdc {shlex.quote(line)}"


def _ovs(line: str) -> str:
    """``show`` is the overview of ovs-vsctl(8); ``show TABLE [RECORD…]`` lists records, as JSON."""
    match _words(line):
        case ["show", table, *records]:
            return shlex.join(["ovs-vsctl", "--format=json", "list", table, *records])
        case words:
            return shlex.join(["ovs-vsctl", *words])


def _linux(line: str) -> str:
    return shlex.join(_words(line))


_SPOKEN: Final[Mapping[PlatformName, Callable[[str], str]]] = {"bird": _birdc, "openvswitch": _ovs, "linux": _linux}
"""The platforms of Linux machines. All others have a command line with a prompt, FRR's vtysh among them."""
