"""The contract over HTTPS: eAPI, NX-API and RESTCONF do what the same cases ask of a command line over SSH."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final, get_args

import pytest
import pytest_asyncio
from _pytest.mark import ParameterSet

from activities.deviceinteraction.platforms.registry import platform_named
from activities.deviceinteraction.testbed.model import APIS, ApiName
from contract_apis import api_rig, api_testbed
from contract_cases import CASES, Case
from contract_rig import why_not
from devicelab import Lab
from hand_clock import HandClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: What a case asks that an API cannot, each with a test of its own in `transport/`.
OTHERWISE: Final = {
    ("nxapi", "interact"): "NX-API runs no command that asks (transport/test_commandapi.py)",
    ("restconf", "rpc"): "the operations are those of the device's own models (transport/test_restconf.py)",
}


def over_apis() -> list[ParameterSet]:
    platforms = {api: "restconf" if api == "restconf" else name for name, api in APIS.items()}
    found = []
    for api in get_args(ApiName):
        for case in CASES:
            reasons = [why_not(platform_named(platforms[api]), need) for need in case.needs]
            reasons += [OTHERWISE.get((api, need)) for need in case.needs]
            why = next(filter(None, reasons), None)
            marks = [pytest.mark.skip(reason=why)] if why else []
            found.append(pytest.param(api, case, id=f"{api}-{case.name}", marks=marks))
    return found


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def labs(tmp_path_factory: pytest.TempPathFactory, clock: HandClock) -> AsyncIterator[Mapping[ApiName, Lab]]:
    state: Path = tmp_path_factory.mktemp("apis")
    async with api_testbed(state, clock) as made:
        yield made


@pytest.mark.parametrize(("api", "case"), over_apis())
async def test_the_contract_holds_over_https(
    api: ApiName, case: Case, labs: Mapping[ApiName, Lab], clock: HandClock
) -> None:
    lab = labs[api]
    lab.device.reset()
    lab.device.log_path.write_text("", encoding="utf-8")
    await case.run(api_rig(lab, clock))
