"""A system to be called over HTTP or HTTPS: a real server on loopback that answers as a test tells it and writes down
what it was asked."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REASON = "As told"


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Told:
    """An answer. ``hang`` gives none, ``drop`` closes the connection instead."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    hang: bool = False
    drop: bool = False


def json_told(text: str, status: int = 200, **headers: str) -> Told:
    """An answer in JSON; ``retry_after="3"`` is a header ``Retry-After``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Told(status, text.encode(), {"Content-Type": "application/json", **named})


@dataclass
class HttpSystem:
    """The server. ``answers`` are given in turn, the last one for ever; or by what is asked, once ``refuse_first``
    requests were answered with 503."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    answers: list[Told] = field(default_factory=lambda: [Told()])
    by_target: Callable[[Asked], Told] | None = None
    refuse_first: int = 0

    def tell(self, *answers: Told) -> None:
        """What to answer from now on."""
        self.answers = list(answers)

    def _told(self, asked: Asked) -> Told:
        if len(self.asked) <= self.refuse_first:
            return Told(503, b"busy", {})
        if self.by_target:
            return self.by_target(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            asked = Asked(method, target, headers, body)
            self.asked.append(asked)
            told = self._told(asked)
            if told.hang:
                await reader.read()  # until the other side gives up
            elif not told.drop:
                lines = [f"HTTP/1.1 {told.status} {REASON}", f"Content-Length: {len(told.body)}", "Connection: close"]
                lines += [f"{name}: {value}" for name, value in told.headers.items()]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if method == "HEAD" else told.body))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side has had enough
        finally:
            writer.close()


@asynccontextmanager
async def http_system(certificate: Path | None = None) -> AsyncIterator[HttpSystem]:
    """A system on a free port of 127.0.0.1; with HTTPS where a certificate is given (`self_signed`)."""
    system = HttpSystem("")
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(system.serve, "127.0.0.1", 0, ssl=context)
    system.url = f"{'https' if context else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield system


def self_signed(path: Path) -> Path:
    """Writes a key and its own certificate for 127.0.0.1, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
