"""The real machines that the cases share. All cases run in one process of the suite: machines cost more than cases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from real_machines import Machine
from real_software import bird_router, ovs_switch, routers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the cases of this folder together."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("real"))


@pytest.fixture(scope="session")
def row(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Machine]]:
    """Three FRR routers in a row."""
    with routers(tmp_path_factory.mktemp("frr"), 3) as made:
        yield made


@pytest.fixture(scope="session")
def b1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with BIRD."""
    with bird_router(tmp_path_factory.mktemp("bird")) as made:
        yield made


@pytest.fixture(scope="session")
def sw1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with Open vSwitch."""
    with ovs_switch(tmp_path_factory.mktemp("ovs")) as made:
        yield made
