"""What makes one simulated device differ from the next: serial numbers, addresses, and secrets that look real.

Everything follows from the device's number and name, so that two starts of a testbed are alike. The "hashes" are
digests of names, and no password opens them.
"""

import base64
import hashlib

from activities.deviceinteraction.testbed.model import DeviceSpec

VLANS: tuple[tuple[int, str], ...] = ((10, "users"), (20, "voice"), (99, "management"))


def digest(*parts: str, length: int = 43) -> str:
    """A text that looks like the body of a password hash."""
    raw = hashlib.sha256("/".join(parts).encode()).digest()
    return base64.b64encode(raw + raw).decode().replace("+", ".").replace("=", "")[:length]


def community(spec: DeviceSpec) -> str:
    """The device's SNMP community."""
    return f"ro-{digest('community', spec.name, length=12).replace('/', 'x')}"


def serial(spec: DeviceSpec, prefix: str) -> str:
    """A serial number."""
    return f"{prefix}{spec.number:07d}"


def mac(spec: DeviceSpec) -> str:
    """A MAC address in the range for documentation, RFC 9542, written with colons."""
    return f"00:00:5e:{0x53:02x}:{spec.number >> 8 & 0xFF:02x}:{spec.number & 0xFF:02x}"


def management_address(spec: DeviceSpec) -> str:
    """The address inside the device's own configuration (RFC 1918); nothing listens there."""
    return f"10.99.{spec.number // 250}.{spec.number % 250 + 2}"
