"""The interpreter against a model of devices: whatever goes wrong, and whatever people do, the rules hold.

Scenarios are drawn (`model_scenario`): a definition as people write it, what fails, what people do meanwhile. The real
workflows carry them out on a server that skips time, over devices in memory (`model_world`). `model_rules` judges what
came of it. A short run at fixed scenarios is part of the suite; this looks longer, at new ones:

    pytest tests/workflows/model --model-examples 500 --model-seed 0
"""

import random

import pytest

from model_check import findings, smallest
from model_scenario import drawn
from running import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(0), pytest.mark.untraced]


async def test_whatever_happens_a_device_is_changed_whole_or_not_at_all(
    server: Server, pytestconfig: pytest.Config
) -> None:
    number = int(str(pytestconfig.getoption("--model-examples")))
    seed = int(str(pytestconfig.getoption("--model-seed"))) or random.randrange(1, 1_000_000)  # a test's dice
    print(f"{number} scenarios of seed {seed}")
    found = await findings(server, drawn(number, seed))
    if found:
        simplest = await smallest(server, min(found, key=lambda one: len(one.story)))
        pytest.fail(f"{len(found)} of {number} scenarios of seed {seed} break rules. A small one:\n{simplest}")
