"""Which transport a platform is reached by, and what is typed there for a line that is sent."""

import shlex
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from activities.deviceinteraction.failures import InvalidInput, Permanent
from activities.deviceinteraction.model import HostKeys, PlatformName, Target, Timeouts, TransportName
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.commandapi import Api, open_commands
from activities.deviceinteraction.transport.eapi import Eapi
from activities.deviceinteraction.transport.https import Https
from activities.deviceinteraction.transport.netconf import open_netconf
from activities.deviceinteraction.transport.nxapi import Nxapi
from activities.deviceinteraction.transport.protocol import ReusableTransport, Transport
from activities.deviceinteraction.transport.restconf import open_restconf
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
) -> AsyncIterator[ReusableTransport]:
    """Log in to a device by the transport of its platform; log out at the end.

    Raises:
        Unreachable: No session could be opened.
        Permanent: Login, enable or the host key was refused; tried exactly once.
    """
    spoken, api = _SPOKEN.get(platform), _APIS.get(target.transport)
    opened: AbstractAsyncContextManager[ReusableTransport]
    if api is not None:
        _demand_its_platform(target, platform, api[0])
        opened = open_commands(target, host_keys, timeouts, transcript, api[1])
    elif target.transport == "telnet" and (platform == "netconf" or spoken is not None):
        raise Permanent(
            f"{target.name}: Telnet is for command lines with a prompt, and {platform} is spoken to over SSH. Remove "
            "`data.transport`."
        )
    elif platform == "restconf":
        opened = open_restconf(target, host_keys, timeouts, transcript)
    elif platform == "netconf":
        opened = open_netconf(target, host_keys, timeouts, transcript)
    elif spoken is not None:
        opened = open_shell(target, host_keys, timeouts, transcript, spoken)
    else:
        opened = open_transport(target, platform, host_keys, timeouts, transcript)
    async with opened as transport:
        yield transport


def _demand_its_platform(target: Target, platform: PlatformName, its: PlatformName) -> None:
    if platform != its:
        raise Permanent(
            f"{target.name}: `{target.transport}` is an API of the platform {its}, and the device is of the platform "
            f"{platform}. Remove `data.transport`, or correct the platform."
        )


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

_APIS: Final[Mapping[TransportName, tuple[PlatformName, Callable[[Https, Target], Api]]]] = {
    "eapi": ("arista_eos", Eapi),
    "nxapi": ("cisco_nxos", Nxapi),
}
"""The APIs that run the commands of a platform over HTTPS, by the transport that asks for them."""
