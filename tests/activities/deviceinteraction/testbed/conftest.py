"""A small testbed for each test: one device a platform."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed import Testbed, TestbedDevice


@pytest.fixture
async def testbed(tmp_path: Path) -> AsyncIterator[Testbed]:
    async with Testbed.start(state=tmp_path / "testbed", devices=4, enable_share=1.0) as running:
        yield running


@pytest.fixture
def iosxe(testbed: Testbed) -> TestbedDevice:
    return testbed.device("acc-001")


@pytest.fixture
def nxos(testbed: Testbed) -> TestbedDevice:
    return testbed.device("acc-002")


@pytest.fixture
def eos(testbed: Testbed) -> TestbedDevice:
    return testbed.device("acc-003")


@pytest.fixture
def junos(testbed: Testbed) -> TestbedDevice:
    return testbed.device("acc-004")
