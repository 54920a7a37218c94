"""What README shows of settings and inventories is read by the code that reads yours."""

import re
from pathlib import Path

from activities.inventory.csv_file import CsvInventory
from activities.inventory.yaml_file import YamlInventory
from worker.settings import parse
from worker.settings_overlay import lay_over

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language: str, word: str) -> str:
    """The one fenced block in a language that holds a word."""
    blocks = [
        text for text in re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE) if word in text
    ]
    assert len(blocks) == 1, (language, word, len(blocks))
    return str(blocks[0])


def test_the_settings_are_good() -> None:
    settings = parse(block("yaml", "temporal:"), Path("/srv/lab/netsaga.yaml"))
    assert settings.inventories["nautobot"].path == Path("/srv/lab/devices/inventory.yaml")
    assert settings.groups["netops-leads"] == ("bob", "carol")


def test_what_is_laid_over_the_settings_of_dev_is_good() -> None:
    base = parse('groups: {netops-leads: ["*"], netops-managers: ["*"]}', Path("/srv/.netsaga/dev/netsaga.yaml"))
    settings = lay_over(base, block("yaml", "# mine.yaml"), Path("/srv/mine.yaml"), keep=["temporal.address"])
    assert settings.groups["netops-leads"] == ("bob", "carol")
    assert settings.groups["netops-managers"] == ("*",)
    assert settings.scripts["close-ticket"].folder == Path("/srv/scripts")


async def test_the_yaml_inventory_is_good(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(block("yaml", "sw-hq-1:"))
    devices = {device.name: device for device in await YamlInventory(path).devices()}
    assert [(name, device.role, device.maintenance) for name, device in devices.items()] == [
        ("sw-hq-1", "access", False),
        ("sw-hq-2", "access", True),
    ]


async def test_the_csv_inventory_is_good(tmp_path: Path) -> None:
    path = tmp_path / "inventory.csv"
    path.write_text("".join(line for line in block("text", "data.max_vlans").splitlines(True) if line[0] != "#"))
    (device,) = await CsvInventory(path).devices()
    assert (device.platform, device.credential, device.data) == ("cisco_iosxe", "device_rw", {"max_vlans": 64})
