"""The systems that a worker may call over HTTP, and what an address of a definition means among them.

A definition names a system (``nautobot:/api/ipam/vlans/``), or writes a URL that the settings allow. Whatever data is
filled into an address, it stays below what was allowed: hosts are compared whole, prefixes at a slash, and a path that
climbs is refused. Nothing here opens a connection.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from pydantic import JsonValue

from workflows.errors import InvalidInputError
from workflows.suggest import did_you_mean

_NAMED: Final = re.compile(r"(?P<system>[A-Za-z][A-Za-z0-9_-]*):(?P<path>/.*)", re.DOTALL)
_HOST: Final = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_UNRESERVED: Final = "%/:@!$&'()*+,;=-._~"  # what stays as it is in a path: RFC 3986, section 3.3, and what is encoded
_PORTS: Final = {"http": 80, "https": 443}
USE_QUERY: Final = "write what follows the `?` as a map under `query`"


@dataclass(frozen=True, slots=True)
class System:
    """A system that the settings name.

    Args:
        url: Where its paths begin.
        credential: The name of what identifies us; ``None`` where nobody asks.
        headers: Sent with every call; nothing secret.
        token_header: The header that carries a token.
        token_scheme: What stands before the token in it: ``Bearer``, or ``Token`` as Nautobot and NetBox have it.
        ca: A file or folder of certificates to trust instead of the machine's.
        timeout_s: The longest that one call may take, whatever its step allows.
        approval: The path at which it takes the questions of gates; ``None`` where it decides about none.
    """

    url: str
    credential: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    token_header: str = "Authorization"  # noqa: S105  # no token, but how one travels
    token_scheme: str = "Bearer"  # noqa: S105  # the same
    ca: Path | None = None
    timeout_s: float | None = None
    approval: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where one call goes.

    Attributes:
        name: What people call it: the system's name, or the host.
        url: Whole, and percent-encoded.
        path: For messages.
        system: The named system; one without credentials for a URL.
        named: Whether the settings name it.
    """

    name: str
    url: str
    path: str
    system: System
    named: bool

    @property
    def origin(self) -> str:
        """Scheme, host and port (RFC 6454)."""
        return _origin(urlsplit(self.url))


@dataclass(frozen=True, slots=True)
class Systems:
    """All that may be called.

    Args:
        named: By the names that definitions use.
        allowed: Prefixes of URLs that definitions may write.
    """

    named: Mapping[str, System] = field(default_factory=dict)
    allowed: Sequence[str] = ()

    def address(self, url: str, query: Mapping[str, JsonValue] | None = None) -> Address:
        """What an address of a definition means.

        Args:
            url: ``SYSTEM:/path`` or a URL, in which everything is filled in.
            query: Its query, not encoded; a list stands for a parameter that is repeated, null for none at all.

        Raises:
            InvalidInputError: Nothing of this kind may be called.
        """
        named = _NAMED.fullmatch(url)
        is_named = named is not None and named["system"].lower() not in _PORTS
        if named and is_named:
            name, base, path = named["system"], urlsplit(self.system(named["system"]).url), named["path"]
            system = self.named[name]
            whole = f"{_origin(base)}{base.path.rstrip('/')}{_path(path, url)}"
        else:
            parts = _split(url)
            name, path = parts.hostname or "", parts.path or "/"
            whole, system = f"{_origin(parts)}{_path(path, url)}", System(url=url)
            self._check_allowed(whole, url)
        asked = _query(query or {})
        return Address(name, f"{whole}?{asked}" if asked else whole, path, system, named=is_named)

    def system(self, name: str) -> System:
        """The system with this name.

        Raises:
            InvalidInputError: The settings do not name it.
        """
        if name not in self.named:
            near = did_you_mean(name, self.named, "there are")
            raise InvalidInputError(f"the system `{name}` is not under `systems` in the worker's settings; {near}")
        return self.named[name]

    def allows(self, url: str) -> bool:
        """Whether a whole, encoded URL may be called although no system is named."""
        parts = urlsplit(url)
        return any(_is_below(parts, urlsplit(prefix)) for prefix in self.allowed)

    def check_beginning(self, beginning: str) -> None:
        """Check what an address begins with, before data fills in the rest.

        Raises:
            InvalidInputError: Whatever follows, it may not be called.
        """
        named = _NAMED.fullmatch(beginning)
        if named and named["system"].lower() not in _PORTS:
            self.system(named["system"])
            _path(named["path"], beginning)
            return
        parts = _split(beginning)
        if not any(_origin(parts) == _origin(urlsplit(prefix)) for prefix in self.allowed):
            raise InvalidInputError(self._not_allowed(beginning))

    def _check_allowed(self, whole: str, url: str) -> None:
        if not self.allows(whole):
            raise InvalidInputError(self._not_allowed(url))

    def _not_allowed(self, url: str) -> str:
        prefixes = ", ".join(f"`{prefix}`" for prefix in self.allowed) or "nothing"
        return (
            f"`{url[:100]}` is below no prefix under `allowed_urls` in the worker's settings, which allow {prefixes}; "
            "name the system there, or allow it"
        )


def _split(url: str) -> SplitResult:
    """The parts of a URL. Refuses what two readers could understand differently."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    shown = host if host is None or ":" not in host else f"[{host}]"
    if parts.scheme not in _PORTS or not shown or not _HOST.fullmatch(shown):
        raise InvalidInputError(f"`{url[:100]}` is no address; write `SYSTEM:/path`, or a URL with http or https")
    if "@" in parts.netloc:
        raise InvalidInputError("a URL holds a user's name or password; name the system in the worker's settings")
    if parts.query or parts.fragment:
        raise InvalidInputError(f"`{url[:100]}` has a query; {USE_QUERY}")
    return parts


def _origin(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    port = parts.port or _PORTS.get(parts.scheme)
    return f"{parts.scheme}://{shown}" + ("" if port == _PORTS.get(parts.scheme) else f":{port}")


def _path(path: str, url: str) -> str:
    """A path, percent-encoded where it is not. What is encoded already stays so."""
    if "?" in path or "#" in path:
        raise InvalidInputError(f"`{url[:100]}` has a `?` or a `#` in its path; {USE_QUERY}")
    if {".", ".."} & set(re.split(r"[/\\]", unquote(path))):
        raise InvalidInputError(f"`{url[:100]}` has a path with `.` or `..` in it, which leads elsewhere")
    return quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path), safe=_UNRESERVED)


def _is_below(parts: SplitResult, prefix: SplitResult) -> bool:
    stem = prefix.path.rstrip("/")
    return _origin(parts) == _origin(prefix) and (parts.path == stem or parts.path.startswith(f"{stem}/"))


def _query(query: Mapping[str, JsonValue]) -> str:
    pairs: list[tuple[str, str]] = []
    for key, value in query.items():
        for one in value if isinstance(value, list) else [value]:
            match one:
                case None:
                    continue
                case bool():
                    pairs.append((key, "true" if one else "false"))
                case str() | int() | float():
                    pairs.append((key, str(one)))
                case _:
                    raise InvalidInputError(f"`query`: `{key}` is a map; write text, numbers or a list of them")
    return urlencode(pairs, quote_via=quote)
