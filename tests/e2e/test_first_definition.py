"""What `netsaga init` writes runs as it is, on simulated devices."""

from pathlib import Path

import pytest

from lab import Lab
from programs import Programs

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_first_definition_puts_its_vlan_on_every_device(
    found: Lab, programs: Programs, tmp_path: Path
) -> None:
    written = await programs.netsaga("init", "printers", "--folder", str(tmp_path))
    assert written.code == 0, written.err

    inputs = ("-i", "vlan_id=401", "-i", "vlan_name=printers", "-i", "soak=0s")
    ran = await programs.netsaga("run", str(tmp_path / "printers.yaml"), *inputs, "--by", "ann", "--wait")

    assert ran.code == 0, ran.out + ran.err
    assert [found.control.vlans(host)[401]["name"] for host in found.names] == ["printers"] * len(found.names)
