"""The interpreter against a model of devices: whatever goes wrong, and whatever people do, the rules hold.

Hypothesis draws scenarios with a state machine (`model_machine`): definitions as people write them, what fails, what
people do meanwhile. The real workflows carry them out on a server that skips time, over devices and systems in memory
(`model_world`). `model_rules` judges what came of it. A short run at a fixed seed is part of the suite; `make model`
looks longer, at new ones. What fails is made small, and kept in hypothesis' database until it no longer does:

    make model EXAMPLES=500 SEED=0
"""

import random

import pytest

from model_check import check
from running import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(0), pytest.mark.untraced]


async def test_whatever_happens_a_device_is_changed_whole_or_not_at_all(
    server: Server, pytestconfig: pytest.Config
) -> None:
    examples = int(str(pytestconfig.getoption("--model-examples")))
    seed = int(str(pytestconfig.getoption("--model-seed"))) or random.randrange(1, 1_000_000)  # a test's dice
    print(f"about {examples} scenarios of seed {seed}")
    await check(server, examples, seed)
