"""One whole netsaga for the end-to-end cases, and the programs that talk to it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lab import Lab, lab
from programs import Programs


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """The stack that the cases share; each uses a VLAN of its own."""
    async with lab(tmp_path_factory.mktemp("stack"), devices=8, site="hq") as shared:
        yield shared


@pytest.fixture
def programs(found: Lab) -> Programs:
    """The programs, pointed at the shared stack."""
    return Programs(found.stack.address)
