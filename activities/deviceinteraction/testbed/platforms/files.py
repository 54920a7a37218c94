"""Checksums and room of files that were copied to a simulated device; shared by the platforms' show commands."""

import hashlib

from activities.deviceinteraction.testbed.device import Device


def digest(device: Device, path: str, kind: str) -> str | None:
    """The checksum of a file; ``None`` where there is none."""
    data = device.files.get(device.file_path(path))
    return None if data is None else hashlib.new(kind, data).hexdigest()


def left(device: Device) -> int:
    """The bytes that are free."""
    return device.disk_free - sum(map(len, device.files.values()))


def listed(device: Device) -> list[tuple[str, int]]:
    """Names and sizes of the files, without their volume."""
    return sorted((path.rpartition(":")[2].lstrip("/"), len(data)) for path, data in device.files.items())
