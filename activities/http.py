"""The activity `http`: one call of a system that the settings name, or of a URL that they allow.

What goes wrong is the system's failure and never a device's; the message names the block that the step says. What
identifies us comes from the secret store right before the call, and is taken out of whatever comes back. An answer that
was received is kept for calls that change something, so that an attempt which died afterwards does not call again; for
one that died before, the other side gets the same ``Idempotency-Key``.
"""

import asyncio
import base64
import json
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

import httpx
from pydantic import JsonValue, TypeAdapter
from temporalio import activity

from activities.answers import Answer, Refused, judge, parsed
from activities.artifacts.store import ArtifactError, ArtifactStore
from activities.attempts import Attempts
from activities.fence import heartbeat
from activities.secrets.store import Access, SecretError, SecretStore
from activities.systems import Address, Systems
from activities.tls import TrustError, trust
from workflows import contracts
from workflows.contracts import INLINE, HttpInput, HttpResult
from workflows.errors import InvalidInputError

LARGEST: Final = 10_000_000  # bytes of a body
KIND: Final = 100  # characters of a media type, as history keeps it
REDIRECTS: Final = 5
CONNECT_S: Final = 15.0
SAFE: Final = frozenset({"get", "head"})  # RFC 9110, section 9.2.1
FOLLOWED: Final = frozenset({301, 302, 303, 307, 308})
# Ours, or the connection's own (RFC 9110, section 7.6.1). Credentials in a definition would be in history for ever.
KEPT_BACK: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
    }
)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_RESULT: Final = TypeAdapter(HttpResult)


class Http:
    """Holds what may be called.

    Args:
        store: Where large answers go.
        systems: What the settings name and allow.
        secrets: What identifies us.
    """

    def __init__(self, store: ArtifactStore, systems: Systems, secrets: SecretStore) -> None:
        self.store = store
        self.systems = systems
        self._secrets = secrets

    @activity.defn(name=contracts.HTTP)
    async def http(self, call: HttpInput) -> HttpResult:
        """Call a system.

        Raises:
            ApplicationError: ``block_unavailable`` where nobody answers, ``block_degraded`` for 429 and 5xx,
                ``permanent`` where we are not let in, ``invalid_input`` and ``check_failed`` for what else was refused.
        """
        async with heartbeat():  # a cancel reaches only those who heartbeat
            return await self._attempt(call)

    async def _attempt(self, call: HttpInput) -> HttpResult:
        attempts = Attempts(self.store, call.scope, call.step, call.retry_on)
        where = call.block.replace("_", " ") + ": " if call.block else ""
        try:
            if call.method not in SAFE and (earlier := await self.store.read(f"http/{attempts.identity}")) is not None:
                return _RESULT.validate_json(earlier)
            result = await self.called(call, attempts.key)
            if call.method not in SAFE:
                await self.store.create(f"http/{attempts.identity}", _RESULT.dump_json(result))
            return result
        except Refused as refused:
            raise await attempts.failed(refused.kind, where + refused.message, refused.after) from None
        except InvalidInputError as error:
            raise await attempts.failed("invalid_input", f"step `{call.step}`: {error}") from None
        except (SecretError, TrustError) as error:
            raise await attempts.failed("permanent", f"{where}{error}") from None
        except ArtifactError as error:
            raise await attempts.failed("block_unavailable", f"executor: {error}") from None

    async def called(self, call: HttpInput, key: str) -> HttpResult:
        """One call, made once, as history keeps it.

        Raises:
            ArtifactError: A large answer cannot be kept.
            Refused: As all that follows, as in `answered`.
        """
        return await self._result(await self.answered(call, key))

    async def answered(self, call: HttpInput, key: str) -> Answer:
        """One call, made once. The answer is the expected one, free of what identifies us.

        Args:
            call: What is called.
            key: By which the other side can tell a repetition.

        Raises:
            Refused: There was no answer, or not the one that was expected.
            InvalidInputError: The address may not be called.
            SecretError: What identifies us cannot be had.
            TrustError: The system's certificate is not trusted.
        """
        address = self.systems.address(call.url, call.query)
        system = address.system
        access = await self._secrets.access(system.credential) if system.credential else Access()
        identity = Identity.of(access, system.token_header, system.token_scheme)
        body = _json(call.json_) if call.has_json else None
        own = {"User-Agent": "netsaga", "Accept": "application/json, */*;q=0.5", "Accept-Encoding": "identity"}
        if body is not None:
            own["Content-Type"] = "application/json"
        if call.method not in SAFE:
            own["Idempotency-Key"] = f'"{key}"'  # draft-ietf-httpapi-idempotency-key-header: a quoted string
        headers = _merged(own, _headers(system.headers, ours=True), _headers(call.headers), identity.headers)
        limit_s = min(call.timeout_s, system.timeout_s or call.timeout_s)
        answer = await _send(self.systems, address, call, headers, body, limit_s)
        answer = identity.hidden_in(answer)
        judge(answer, call.status, f"{call.method.upper()} {address.path}", address.name)
        return answer

    async def _result(self, answer: Answer) -> HttpResult:
        if len(answer.body) > INLINE:
            return HttpResult(status=answer.status, body=await self.store.put(answer.body, answer.media_type))
        kind = "" if answer.is_json or not answer.body else answer.kind[:KIND]
        return HttpResult(status=answer.status, json_=parsed(answer), text=answer.text, media_type=kind)


@dataclass(frozen=True, slots=True)
class Identity:
    """The headers that identify us, and what of them must never come back into history."""

    headers: Mapping[str, str]
    secrets: tuple[bytes, ...]

    @classmethod
    def of(cls, access: Access, token_header: str, token_scheme: str) -> "Identity":
        """A token in its header, or a name and a password (RFC 7617); nothing where there is nothing."""
        if access.token is not None:
            token = access.token.get_secret_value()
            scheme = f"{token_scheme} " if token_scheme and token_header.lower() == "authorization" else ""
            return cls(_headers({token_header: f"{scheme}{token}"}, ours=True), (token.encode(),))
        if access.password is not None:
            password = access.password.get_secret_value()
            basic = base64.b64encode(f"{access.username}:{password}".encode()).decode()
            return cls({"Authorization": f"Basic {basic}"}, (password.encode(), basic.encode()))
        return cls({}, ())

    def hidden_in(self, answer: Answer) -> Answer:
        """The answer without our secrets: some systems echo what they were sent."""
        body = answer.body
        for secret in self.secrets:
            if len(secret) >= 4:
                body = body.replace(secret, b"<redacted>")
        return Answer(answer.status, answer.headers, body)


def _headers(given: Mapping[str, str], *, ours: bool = False) -> dict[str, str]:
    for name, value in given.items():
        if not _HEADER.fullmatch(name):
            raise InvalidInputError(f"`{name[:50]}` is no name of a header")
        if not ours and name.lower() in KEPT_BACK:
            raise InvalidInputError(
                f"the header `{name}` is not a definition's; what identifies us is a `credential` of the system in the "
                "worker's settings"
            )
        if not value.isascii() or not value.isprintable():
            raise InvalidInputError(f"the header `{name}` holds a character that no header can carry")
    return dict(given)


def _merged(*headers: Mapping[str, str]) -> dict[str, str]:
    """One value a header; the later one counts. Names have no case (RFC 9110, section 5.1)."""
    found = {name.lower(): (name, value) for given in headers for name, value in given.items()}
    return dict(found.values())


def _json(value: JsonValue) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        raise InvalidInputError("`json` holds a number that JSON does not know (RFC 8259, section 6)") from None


async def _send(
    systems: Systems, address: Address, call: HttpInput, headers: Mapping[str, str], body: bytes | None, limit_s: float
) -> Answer:
    """One call with its redirects, in all of ``limit_s``.

    Raises:
        Refused: Nobody answered, or too much.
    """
    # Authorities take milliseconds to load, which what is asked every few seconds would pay each time for nothing.
    context = await trust(address.system.ca) if address.url.startswith("https:") else _untrusting()
    limits = httpx.Timeout(limit_s, connect=min(limit_s, CONNECT_S))
    # Proxies and such come from the settings or not at all: what a worker can reach must not hang on its environment.
    client = httpx.AsyncClient(verify=context, trust_env=False, timeout=limits, follow_redirects=False)
    method, url = call.method.upper(), address.url
    try:
        async with asyncio.timeout(limit_s), client:
            for _ in range(REDIRECTS + 1):
                async with client.stream(method, url, headers=dict(headers), content=body) as response:
                    following = _following(systems, address, call, response)
                    if following is None:
                        return Answer(response.status_code, response.headers, await _body(response, address.name))
                    url = following
            raise Refused("block_degraded", f"{address.name} redirects {REDIRECTS + 1} times in a row")
    except (TimeoutError, httpx.TransportError) as error:
        raise _unreached(error, address, call, limit_s) from None
    except httpx.InvalidURL:
        raise InvalidInputError(f"`{call.url[:100]}` is no address") from None


def _untrusting() -> ssl.SSLContext:
    """For a connection without TLS: nobody would be let in by it, and a redirect stays within its origin."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _body(response: httpx.Response, name: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > LARGEST:
            raise Refused(
                "check_failed", f"{name} answers with more than {LARGEST // 1_000_000} MB; ask for less with `query`"
            )
        parts.append(part)
    return b"".join(parts)


def _following(systems: Systems, address: Address, call: HttpInput, response: httpx.Response) -> str | None:
    """Where a redirect leads, if it is one to be followed: of a call that changes nothing, within the same origin.

    Elsewhere our credentials would be shown to a stranger, and a call that changes something would change its meaning
    (RFC 9110, section 15.4).
    """
    location = response.headers.get("location")
    status = response.status_code
    if status not in FOLLOWED or status in call.status or call.method not in SAFE or not location:
        return None
    try:
        target = httpx.URL(urljoin(str(response.request.url), location))
    except (httpx.InvalidURL, ValueError):
        return None
    mine = httpx.URL(address.origin)
    if (target.scheme, target.host, target.port) != (mine.scheme, mine.host, mine.port) or target.userinfo:
        return None
    if not address.named and not systems.allows(str(target)):
        return None
    return str(target.copy_with(fragment=None))


def _told(error: BaseException) -> str:
    """What the system said, below what each library on the way made of it."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if isinstance(error, ExceptionGroup):  # of several addresses; the first is as good as the others
        error = error.exceptions[0]
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)  # asyncio puts the address in its place
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said.split("] ")[-1] or type(error).__name__


def _unreached(error: Exception, address: Address, call: HttpInput, limit_s: float) -> Refused | TrustError:
    """Why there was no answer. A call that changes something may have been carried out all the same."""
    told = _told(error)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return TrustError(
            f"{address.name}: its certificate is not trusted: {told}. Name the file of its authority's certificates as "
            "`verify` of the system in the worker's settings"
        )
    doubt = "" if call.method in SAFE else "; it may have carried out the call all the same"
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return Refused("block_unavailable", f"{address.name} cannot be reached at {address.origin}: {told}")
        case TimeoutError() | httpx.TimeoutException():
            said = f"{address.name} did not answer {call.method.upper()} {address.path} within {limit_s:g} s"
            return Refused("block_unavailable", said + doubt)
        case _:
            said = f"{address.name} broke off {call.method.upper()} {address.path}: {told}"
            return Refused("block_unavailable", said + doubt)
