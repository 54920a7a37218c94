"""HTTPS to a device's own API: requests and replies, who we are, and what a failed one means.

It knows no vendor: `eapi.py`, `nxapi.py` and `restconf.py` say what is in a request. A login by HTTP is proven with the
first request, so each of them makes one that reads before it hands out a link. The credential goes with every request
(RFC 7617), and only over a connection whose other side is proven (`tls.py`).

Once an answer was late or broken off, the link takes no more: what the device made of the request is not known.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import httpx

from activities.deviceinteraction.failures import DeviceFailure, Permanent, Unreachable
from activities.deviceinteraction.model import HostKeys, Target, Timeouts
from activities.deviceinteraction.transport import login, tls
from activities.deviceinteraction.transport.protocol import LinkFailed

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_LONGEST_REPLY: Final = 64_000_000  # bytes: a whole configuration
# One connection for as long as the link lives: each new one is a login to the device.
_ONE: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)


@asynccontextmanager
async def entered(enter: Callable[[], Awaitable[None]], leave: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """A session over HTTPS: proven once to be let in, and left at the end.

    Args:
        enter: Proves it.
        leave: Ends it, however the block ended.

    Raises:
        Unreachable: No answer came when it was to be entered.
        Permanent: As ``enter``.
    """
    try:
        await enter()
    except LinkFailed as error:
        raise Unreachable(f"{error.message} Nothing was changed.") from error
    try:
        yield
    finally:
        await leave()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a device answered. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


@asynccontextmanager
async def open_https(target: Target, host_keys: HostKeys, timeouts: Timeouts) -> AsyncIterator["Https"]:
    """A client of one device; nothing is asked yet.

    Args:
        target: The device; its ``proxy`` is gone through.
        host_keys: How the key of a jump host is judged.
        timeouts: ``connect`` bounds each connection.

    Raises:
        Unreachable: The jump host cannot be reached, or a pinned certificate is not shown.
        Permanent: There is no password, the jump host refuses us, or the device is not who it must be.
    """
    password = target.credential.password
    if password is None:
        raise Permanent(
            f"{target.name}: an API over HTTPS takes a user and a password, and the credential has no password. Give "
            "it one, or reach the device by SSH."
        )
    async with AsyncExitStack() as stack:
        through = None if target.proxy is None else await _forwarded(target, host_keys, timeouts, stack)
        context = await tls.trust(target, through, timeouts)
        client = httpx.AsyncClient(
            base_url=f"https://{_host(target.address)}:{target.port}",
            auth=httpx.BasicAuth(target.credential.username, password.get_secret_value()),
            transport=httpx.AsyncHTTPTransport(verify=context, uds=through, trust_env=False, limits=_ONE),
            trust_env=False,  # what a worker can reach must not hang on its environment
            follow_redirects=False,  # elsewhere the credential would be shown to a stranger
            headers={"User-Agent": "netsaga", "Accept-Encoding": "identity"},
        )
        yield Https(await stack.enter_async_context(client), target, timeouts)


async def _forwarded(target: Target, host_keys: HostKeys, timeouts: Timeouts, stack: AsyncExitStack) -> str:
    """The path of a Unix socket, ours alone, behind which the device's port is found through its jump host."""
    way = await login.reach(target, host_keys, timeouts)
    stack.push_async_callback(way.close)
    assert way.jump is not None, "asked for where there is one"
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="netsaga-")
    stack.callback(folder.cleanup)
    path = str(Path(folder.name) / "device")
    listener = await way.jump.forward_local_path_to_port(path, target.address, target.port)
    stack.callback(listener.close)
    return path


class Https:
    """Requests to one device, one at a time. Made by `open_https`."""

    def __init__(self, client: httpx.AsyncClient, target: Target, timeouts: Timeouts) -> None:
        self._client = client
        self._target = target
        self.timeouts = timeouts
        self._lost = False

    @property
    def alive(self) -> bool:
        """Whether nothing went wrong with it; connections come and go as they are needed."""
        return not self._lost

    def give_up(self) -> None:
        """Take no more requests."""
        self._lost = True

    async def request(
        self,
        method: Method,
        path: str,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        within: timedelta | None = None,
    ) -> Reply:
        """Ask once; the reply is unjudged but for a refused login.

        Args:
            method: Of the request.
            path: From ``/`` on, with its query, percent-encoded.
            body: As it is sent, in UTF-8.
            headers: Besides ours.
            within: For the whole reply; the command time limit where ``None``.

        Raises:
            Unreachable: No connection came about, so nothing was asked.
            Permanent: The device did not take the credential, or is not who it must be.
            LinkFailed: No reply, or a part of one; the device may have done what was asked.
        """
        name = self._target.name
        if self._lost:
            raise LinkFailed(f"{name}: an earlier request broke off, and this session takes no more.")
        limit = within or self.timeouts.command
        bounds = httpx.Timeout(limit.total_seconds(), connect=self.timeouts.connect.total_seconds())
        try:
            async with (
                asyncio.timeout(limit.total_seconds() + self.timeouts.connect.total_seconds()),
                self._client.stream(
                    method, path, content=None if body is None else body.encode(), headers=headers, timeout=bounds
                ) as response,
            ):
                text = await _text(response, name)
        except LinkFailed:
            self._lost = True
            raise
        except (TimeoutError, httpx.TransportError, httpx.InvalidURL) as error:
            failure = self._failure(error, f"{method} {path.partition('?')[0]}")
            if isinstance(failure, LinkFailed):
                self._lost = True
            raise failure from error
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise Permanent(
                f"{name}: the login as {self._target.credential.username!r} was refused at {_where(self._target)}. It "
                "was tried once and is not repeated, as accounts get locked. Check the credential."
            )
        return Reply(response.status_code, {key.lower(): value for key, value in response.headers.items()}, text)

    def _failure(self, error: Exception, doing: str) -> DeviceFailure:
        name, where, told = self._target.name, _where(self._target), _told(error)
        if "CERTIFICATE_VERIFY_FAILED" in str(error) and "mismatch" in told:
            return Permanent(
                f"{name}: the certificate that {where} shows is for another name: {told}. Give the device that name as "
                "its `address`, or pin its certificate as `data.tls_fingerprint`."
            )
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return Permanent(
                f"{name}: the certificate that {where} shows is not trusted: {told}. Name the file of its authority's "
                "certificates as `tls.ca` in the worker's settings, or pin its own as `data.tls_fingerprint`."
            )
        match error:
            case httpx.ConnectTimeout():
                limit_s = self.timeouts.connect.total_seconds()
                return Unreachable(f"{name}: {where} gave no connection within {limit_s:g} s.")
            case httpx.ConnectError():
                return Unreachable(f"{name}: no connection to {where}: {told}. Is its API enabled, and on this port?")
            case TimeoutError() | httpx.TimeoutException():
                return LinkFailed(f"{name}: no answer in time to {doing}; the session takes no more.")
            case _:
                return LinkFailed(f"{name}: {where} broke off while answering {doing}: {told}.")


async def _text(response: httpx.Response, name: str) -> str:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _LONGEST_REPLY:
            raise LinkFailed(f"{name}: the device answers with more than {_LONGEST_REPLY // 1_000_000} MB.")
        parts.append(part)
    return b"".join(parts).decode(errors="replace")


def _told(error: BaseException) -> str:
    """What was said at the bottom, below what each library on the way made of it."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if isinstance(error, ExceptionGroup):  # of several addresses; the first is as good as the others
        error = error.exceptions[0]
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said.split("] ")[-1] or type(error).__name__


def _where(target: Target) -> str:
    return f"{_host(target.address)} port {target.port}"


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
