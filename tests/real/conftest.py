"""The real machines that the cases share; see `scheduling.py`: all run in one process of the suite."""

from collections.abc import Iterator

import pytest

from real_machines import Machine
from real_netconf import netconf_device
from real_software import bird_router, ovs_switch, routers

pytest.register_assert_rewrite("contract_reads", "contract_changes", "contract_undos")


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


@pytest.fixture(scope="session")
def n1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A device that is changed by NETCONF alone; each case leaves it as it was."""
    with netconf_device(tmp_path_factory.mktemp("n1")) as made:
        yield made
