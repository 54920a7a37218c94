"""A few rounds of chaos in every test run; `make chaos ROUNDS=50 SEED=…` does more of them."""

import random
from pathlib import Path

import pytest

from chaos import rounds

pytestmark = pytest.mark.timeout(600)


async def test_whatever_dies_each_device_is_whole_and_the_run_says_which(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    number: int = pytestconfig.getoption("--chaos-rounds") or 5
    seed = pytestconfig.getoption("--chaos-seed") or random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    done = 0
    async for told in rounds(tmp_path, seed, number):
        print(told)
        done += 1
    assert done == number
