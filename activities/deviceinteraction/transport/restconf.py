"""The transport for RESTCONF (RFC 8040): data resources read and changed over HTTPS, and operations invoked.

It knows paths, media types, entity tags and errors, and nothing of what a change means: that is
`platforms/restconf.py`. XML is asked for and sent where a program reads it, so that configurations have the form that
NETCONF gives them; ``show`` asks for JSON, which people and definitions read.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from activities.deviceinteraction.config import xmltree
from activities.deviceinteraction.config.xmltree import Element
from activities.deviceinteraction.failures import CheckFailed, InvalidInput, Permanent
from activities.deviceinteraction.model import HostKeys, Target, Timeouts
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.https import Https, Method, Reply, entered, open_https
from activities.deviceinteraction.transport.protocol import Answer, LinkFailed, Refusal, Resource

RESTCONF: Final = "urn:ietf:params:xml:ns:yang:ietf-restconf"
_XML: Final = "application/yang-data+xml"
_JSON: Final = "application/yang-data+json"
_HOST_META: Final = "/.well-known/host-meta"
_LIBRARIES: Final = ("ietf-yang-library:modules-state", "ietf-yang-library:yang-library")  # RFC 7895, RFC 8525
_DONE: Final = frozenset({200, 201, 204})


@asynccontextmanager
async def open_restconf(
    target: Target, host_keys: HostKeys, timeouts: Timeouts, transcript: Transcript
) -> AsyncIterator["RestconfTransport"]:
    """Prove that the device lets us in, and find where its API begins (RFC 8040, 3.1).

    Raises:
        Unreachable: No answer came.
        Permanent: The login or the certificate was refused, or there is no RESTCONF; tried exactly once.
    """
    async with open_https(target, host_keys, timeouts) as https:
        transport = RestconfTransport(https, target, transcript)
        async with entered(transport.discover, transport.close):
            yield transport


class RestconfTransport:
    """A `DataTransport`. Made by `open_restconf`."""

    def __init__(self, https: Https, target: Target, transcript: Transcript) -> None:
        self._https = https
        self._target = target
        self._transcript = transcript
        self._begins = ""
        self._modules: Mapping[str, str] | None = None
        self.root = target.root.strip("/")
        self.staged: tuple[str | None, tuple[object, ...]] | None = None

    @property
    def prompt(self) -> str:
        """There is none; who is logged in where."""
        return f"{self._target.credential.username}@{self._target.name} RESTCONF"

    @property
    def home(self) -> str:
        """See `ReusableTransport.home`."""
        return self.prompt

    def adopt(self, timeouts: Timeouts, transcript: Transcript) -> None:
        """See `ReusableTransport.adopt`."""
        self._https.timeouts, self._transcript, self.staged = timeouts, transcript, None
        transcript.note(f"goes on as {self.prompt}, over the connections that were open")

    async def discover(self) -> None:
        """Find the root of the API.

        Raises:
            Permanent: There is none.
            DeviceFailure: As `Https.request`.
        """
        name, where = self._target.name, f"{self._target.address} port {self._target.port}"
        limit = self._https.timeouts.connect
        headers = {"Accept": "application/xrd+xml"}
        reply = await self._https.request("GET", _HOST_META, headers=headers, within=limit)
        link = next(
            (tag for tag in re.findall(r"<Link\b[^>]*>", reply.text) if re.search(r"""rel=['"]restconf""", tag)), ""
        )
        href = re.search(r"""href=['"]([^'"]+)""", link)
        if reply.status not in _DONE or href is None:
            raise Permanent(
                f"{name}: {where} does not say where RESTCONF is ({_HOST_META}, RFC 8040, 3.1; HTTP {reply.status}). "
                "Turn it on there (on IOS XE `restconf` and `ip http secure-server`), or correct the device's port."
            )
        self._begins = f"/{href[1].strip('/')}"
        said = f"logged in to {name} ({where}) as {self._target.credential.username}"
        self._transcript.note(f"{said}, RESTCONF at {self._begins}")

    async def modules(self) -> Mapping[str, str]:
        """See `DataTransport.modules`: by the library of the device (RFC 8040, 10)."""
        if self._modules is None:
            for path in _LIBRARIES:
                found = await self.read(path)
                if isinstance(found, Resource):
                    self._modules = dict(_listed(found.elements))
                    break
            else:
                raise CheckFailed(
                    f"{self._target.name}: the device does not list its data models (ietf-yang-library, RFC 8040, 10), "
                    "without which no resource can be named."
                )
        return self._modules

    async def read(self, path: str, *, query: str = "") -> Resource | Refusal:
        """See `DataTransport.read`."""
        reply = await self._ask("GET", f"data/{path}".rstrip("/"), query=query)
        if reply.status not in _DONE:
            return self._refusal(reply)
        elements: tuple[Element, ...] = () if reply.status == 204 else (self._element(reply.text),)
        if not path:
            elements = elements[0].children if elements else ()
        return Resource(elements, reply.headers.get("etag"))

    async def tag(self, path: str) -> str | None:
        """See `DataTransport.tag`."""
        reply = await self._ask("HEAD", f"data/{path}".rstrip("/"))
        return reply.headers.get("etag") if reply.status in _DONE else None

    async def edit(
        self, method: Method, path: str, body: str, *, tag: str | None, within: timedelta | None
    ) -> Refusal | None:
        """See `DataTransport.edit`."""
        headers = {} if tag is None else {"If-Match": tag}
        reply = await self._ask(method, f"data/{path}".rstrip("/"), body=body, headers=headers, within=within)
        return None if reply.status in _DONE else self._refusal(reply)

    async def invoke(self, operation: str, *, within: timedelta | None = None) -> str:
        """See `DataTransport.invoke`: as NETCONF would answer."""
        root = xmltree.read(f'<rpc xmlns="{xmltree.BASE}">{operation}</rpc>').children[0]
        module = (await self.modules()).get(root.namespace)
        if module is None:
            raise InvalidInput(
                f"{self._target.name}: <{root.name}> is no operation of a data model of the device; RESTCONF has only "
                "those, with the namespace of their module. Data is read by `show` and a path."
            )
        inside = xmltree.written(root.children, root.namespace)
        body = f'<input xmlns="{root.namespace}">\n{inside}</input>' if inside else ""
        reply = await self._ask("POST", f"operations/{module}:{root.name}", body=body, within=within)
        if reply.status in _DONE:
            found = self._element(reply.text).children if reply.text.strip() else (Element(xmltree.BASE, "ok"),)
            said = xmltree.written(found, xmltree.BASE)
        else:
            refusal = self._refusal(reply)
            parts = (
                Element(xmltree.BASE, "error-tag", refusal.tag),
                Element(xmltree.BASE, "error-message", refusal.words),
            )
            said = xmltree.written((Element(xmltree.BASE, "rpc-error", children=parts),), xmltree.BASE)
        return f'<rpc-reply xmlns="{xmltree.BASE}">\n{said}</rpc-reply>'

    async def send(
        self, line: str, *, within: timedelta | None = None, answers: Sequence[Answer] = (), relearn: bool = False
    ) -> str:
        """See `Transport.send`: ``show PATH`` is the only line, and answers with JSON; an empty one asks for life.

        Raises:
            InvalidInput: It is another line.
        """
        if not line:
            await self._ask("HEAD", "data", within=within)
            return ""
        verb, _, path = line.partition(" ")
        if not "show".startswith(verb) or not path.strip():
            raise InvalidInput(
                f"{self._target.name}: {line!r} is a line of a command line, and this device is reached by RESTCONF, "
                "which has none. Use `show MODULE:CONTAINER/…`, a path below `data` (RFC 8040, 3.5.3), or `rpc`."
            )
        path, _, query = path.strip().strip("/").removeprefix("restconf/").removeprefix("data/").partition("?")
        reply = await self._ask("GET", f"data/{path}".rstrip("/"), query=query, media=_JSON, within=within)
        if reply.status not in _DONE:
            return f"error: {self._refusal(reply).words}"
        try:
            return json.dumps(json.loads(reply.text), indent=2, ensure_ascii=False) if reply.text.strip() else ""
        except ValueError:
            return reply.text  # a device that has only XML

    async def close(self) -> None:
        """See `Transport.close`. There is no session on the device; connections end with the link."""
        self._https.give_up()
        self._transcript.note("session closed")

    def is_alive(self) -> bool:
        """See `Transport.is_alive`."""
        return self._https.alive

    async def _ask(
        self,
        method: Method,
        path: str,
        *,
        query: str = "",
        body: str = "",
        headers: Mapping[str, str] | None = None,
        media: str = _XML,
        within: timedelta | None = None,
    ) -> Reply:
        asked = f"{path}?{query}" if query else path
        self._transcript.sent(f"{method} {asked}\n{body}".rstrip("\n"))
        wanted = {"Accept": media, **(headers or {})} | ({"Content-Type": _XML} if body else {})
        reply = await self._https.request(
            method, f"{self._begins}/{asked}", body=body or None, headers=wanted, within=within
        )
        self._transcript.received(f"HTTP {reply.status}\n{reply.text}".rstrip("\n"))
        return reply

    def _element(self, text: str) -> Element:
        try:
            return xmltree.read(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
        except ValueError as error:
            self._https.give_up()
            begins = " ".join(text[:120].split())
            raise LinkFailed(f"{self._target.name}: an answer cannot be read: {error}: {begins!r}.") from error

    def _refusal(self, reply: Reply) -> Refusal:
        """What an error says (RFC 8040, 7.1), in XML or JSON; or its status where it says nothing."""
        found = _error(reply.text)
        tag = str(found.get("error-tag") or f"HTTP {reply.status}")
        said = [tag, *(str(found[key]) for key in ("error-message", "error-path") if found.get(key))]
        return Refusal(reply.status, tag, " ".join(", ".join(said).split()))


def _error(text: str) -> Mapping[str, Any]:
    """The first error of a body; empty where it holds none."""
    try:
        if text.lstrip().startswith("<"):
            error = xmltree.read(re.sub(r"^\s*<\?xml[^>]*\?>", "", text)).find("error")
            return {} if error is None else {child.name: child.text.strip() for child in error.children}
        said: Any = json.loads(text)  # Any: JSON of any shape
        errors = said.get("ietf-restconf:errors") or said.get("errors") or {}
        first = errors.get("error", [{}])[0]
    except (ValueError, AttributeError, LookupError, TypeError):
        return {}
    return first if isinstance(first, Mapping) else {}


def _listed(elements: Sequence[Element]) -> list[tuple[str, str]]:
    """Each module of a library by its namespace, in either form of the library."""
    found: list[tuple[str, str]] = []
    for element in elements:
        namespace = element.value("namespace")
        if namespace and element.value("name"):
            found.append((namespace, element.value("name")))
        else:
            found += _listed(element.children)
    return found
