"""Inventories from spreadsheets."""

from pathlib import Path

import pytest

from activities.inventory.csv_file import CsvInventory
from activities.inventory.source import InventoryError
from workflows.contracts import Device
from workflows.plan import HostName


async def _devices(path: Path, text: str) -> list[Device]:
    path.write_text(text, encoding="utf-8")
    return await CsvInventory(path).devices()


async def test_every_column_finds_its_place(tmp_path: Path) -> None:
    devices = await _devices(
        tmp_path / "i.csv",
        "\ufeffname,address,platform,port,site,role,groups,tags,maintenance,credential,data.max_vlans,data.rack\n"
        'sw1,192.0.2.1,ios,2222,hq,access,access;floor-1,blue; new,true,rw,64,"row 1, rack 2"\n'
        "\n"
        "sw2,192.0.2.2,arista_eos,,,,,,,,,\n",
    )
    assert devices[0] == Device(
        name=HostName("sw1"),
        platform="cisco_iosxe",
        address="192.0.2.1",
        port=2222,
        site="hq",
        role="access",
        groups=("access", "floor-1"),
        tags=("blue", "new"),
        maintenance=True,
        credential="rw",
        data={"max_vlans": 64, "rack": "row 1, rack 2"},
    )
    assert devices[1] == Device(name=HostName("sw2"), platform="arista_eos", address="192.0.2.2")


async def test_data_cells_that_are_json_are_values_and_others_are_text(tmp_path: Path) -> None:
    (device,) = await _devices(
        tmp_path / "i.csv",
        'name;address;platform;data.a;data.b;data.c;data.d;data.e\nsw1;192.0.2.1;eos;12;true;"""12""";[1, 2];NaN\n',
    )
    assert device.data == {"a": 12, "b": True, "c": "12", "d": [1, 2], "e": "NaN"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,adress,platform\n", "column `adress` is not known; did you mean `address`"),
        ("name,address,platform,floor\n", "`data.floor`"),
        ("name,address\n", "no column `platform`"),
        ("", "no column `name`"),
        ("name,address,platform,name\n", "`name` stands twice"),
        ("name,address,platform\nsw1,a,x,y\n", "line 2: 4 cells under 3 columns"),
        ("name,address,platform\nsw1,,x\n", "line 2: host 'sw1': `address`: Field required"),
        ("name,address,platform\n,a,x\n", "line 2: a host is called None"),
        ("name,address,platform\nsw1,a,x\nsw1,b,x\n", "host 'sw1' stands there twice"),
        ('name,address,platform\n"sw1,a,x\n', "not valid CSV"),
        ("name,address,platform,maintenance\nsw1,a,x,perhaps\n", "`maintenance`"),
    ],
)
async def test_a_mistake_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InventoryError, match=said):
        await _devices(tmp_path / "i.csv", text)


async def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_bytes("name,address,platform\nz\xfcrich,a,x\n".encode("latin-1"))
    with pytest.raises(InventoryError, match="not UTF-8"):
        await CsvInventory(tmp_path / "i.csv").devices()
