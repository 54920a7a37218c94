"""One whole netsaga for the end-to-end cases, and the programs that talk to it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from awx_system import AwxSystem, awx_system
from engines import with_engines
from lab import Lab, lab
from programs import Programs


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def awx() -> AsyncIterator[AwxSystem]:
    """The AWX that the worker of the shared stack launches templates of."""
    async with awx_system() as system:
        yield system


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def found(tmp_path_factory: pytest.TempPathFactory, awx: AwxSystem) -> AsyncIterator[Lab]:
    """The stack that the cases share; each uses a VLAN of its own."""
    settle = with_engines(tmp_path_factory.mktemp("engines"), awx.http.url)
    async with lab(tmp_path_factory.mktemp("stack"), devices=8, site="hq", settle=settle) as shared:
        yield shared


@pytest.fixture
def programs(found: Lab) -> Programs:
    """The programs, pointed at the shared stack."""
    return Programs(found.stack.address)
