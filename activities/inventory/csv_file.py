"""An inventory as a CSV file with a header: what a spreadsheet exports.

Columns: ``name``, ``address``, ``platform``, ``port``, ``site``, ``role``, ``groups``, ``tags``, ``maintenance``,
``credential``, ``pool`` and ``data.ANYTHING``. Lists are separated by ``;``. An empty cell is no value. In a ``data``
column a cell that is JSON (``64``, ``true``, ``"64"``, ``[1, 2]``) is that value, and everything else is text.
"""

import csv
import io
import json
from pathlib import Path
from typing import Final

from activities.inventory.platforms import platform_called
from activities.inventory.reading import read_devices, text_of
from activities.inventory.source import InventoryError, device_from, unique
from workflows.contracts import Device
from workflows.suggest import did_you_mean

COLUMNS: Final = (
    "name",
    "address",
    "platform",
    "port",
    "site",
    "role",
    "groups",
    "tags",
    "maintenance",
    "credential",
    "pool",
)
REQUIRED: Final = ("name", "address", "platform")


class CsvInventory:
    """`InventorySource` over one file.

    Args:
        path: The file; commas, or semicolons or tabs where the header has those and no comma.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    async def devices(self) -> list[Device]:
        """All devices of the file."""
        return await read_devices(self.path, _read)


def _read(path: Path) -> list[Device]:
    text = text_of(path)
    header = text.split("\n", 1)[0]
    delimiter = next((mark for mark in (",", ";", "\t") if mark in header), ",")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [column.strip() for column in next(rows, [])]
        _check_header(columns, path)
        devices = [
            _device(columns, row, f"{path}, line {rows.line_num}") for row in rows if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise InventoryError(f"{path}, line {rows.line_num}, is not valid CSV: {error}.") from None
    return unique(devices, str(path))


def _check_header(columns: list[str], path: Path) -> None:
    for column in columns:
        if column not in COLUMNS and not (column.startswith("data.") and len(column) > 5):
            near = did_you_mean(column, COLUMNS, "columns are")
            raise InventoryError(
                f"{path}: column `{column}` is not known; {near} Facts of your own are `data.{column}`."
            )
    if twice := {column for column in columns if columns.count(column) > 1}:
        raise InventoryError(f"{path}: column `{min(twice)}` stands twice.")
    if missing := [column for column in REQUIRED if column not in columns]:
        raise InventoryError(
            f"{path}: the first line names no column `{missing[0]}`; found {', '.join(columns) or 'none'}."
        )


def _device(columns: list[str], row: list[str], where: str) -> Device:
    if len(row) > len(columns):
        raise InventoryError(
            f"{where}: {len(row)} cells under {len(columns)} columns; quote a cell that holds a comma."
        )
    facts: dict[str, object] = {}
    data: dict[str, object] = {}
    for column, cell in zip(columns, row, strict=False):
        value = cell.strip()
        if not value:
            continue
        if column in {"groups", "tags"}:
            facts[column] = tuple(part.strip() for part in value.split(";") if part.strip())
        elif column == "platform":
            facts[column] = platform_called(value)
        elif column.startswith("data."):
            data[column.removeprefix("data.")] = _value(value)
        else:
            facts[column] = value
    return device_from({**facts, "data": data}, where)


def _value(cell: str) -> object:
    try:
        value: object = json.loads(cell, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return cell
    return value


def _refuse(constant: str) -> object:
    raise ValueError(constant)  # NaN and Infinity are not JSON
