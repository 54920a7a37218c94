"""The contract over HTTPS: eAPI, NX-API and RESTCONF do what the same cases ask of a command line over SSH.

Besides, the connection is cut at each request of a change, of its confirming and of its undo: before the request, once
it has been received and not been carried out, and once it was carried out and before its answer. What was cut is called
again with what the journal kept; in the end a device is entirely changed or entirely as before, by one effect. A cut
between two requests only makes a link connect anew, wherever it is, so one life takes them all; a request that only
reads leaves the same behind whether it was carried out or not, and is left out under a timer.
"""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

import pytest
import pytest_asyncio
from _pytest.mark import ParameterSet

from activities.deviceinteraction.model import PlatformName
from activities.deviceinteraction.platforms.protocol import NoTimer
from activities.deviceinteraction.platforms.registry import platform_named
from activities.deviceinteraction.testbed.model import APIS, ApiName, Fault
from contract_apis import api_rig, api_testbed
from contract_cases import CASES, Case
from contract_links import Script, effects_of, forget
from contract_rig import why_not
from devicelab import Lab
from hand_clock import HandClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: What a case asks that an API cannot, each with a test of its own in `transport/`.
OTHERWISE: Final = {
    ("nxapi", "interact"): "NX-API runs no command that asks (transport/test_commandapi.py)",
    ("restconf", "rpc"): "the operations are those of the device's own models (transport/test_restconf.py)",
}


PLATFORMS: Final[Mapping[ApiName, PlatformName]] = {
    api: "restconf" if api == "restconf" else name for name, api in APIS.items()
}
#: A request that does more than read: not `show` alone, and no GET or HEAD.
CHANGES: Final = (
    r"^(?!(?:GET|HEAD) "
    r'|POST /command-api .*"cmds": \[\{"cmd": "enable"[^}]*\}, "show '
    r'|POST /ins \[\{"jsonrpc": "2\.0", "method": "cli_ascii", "params": \{"cmd": "show )'
)
LEAST: Final[Mapping[ApiName, int]] = {"eapi": 16, "nxapi": 24, "restconf": 18}  # cuts in one life


def over_apis() -> list[ParameterSet]:
    found = []
    for api in get_args(ApiName):
        for case in CASES:
            reasons = [why_not(platform_named(PLATFORMS[api]), need) for need in case.needs]
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
    forget(lab)
    await case.run(api_rig(lab, clock))


def lives() -> list[ParameterSet]:
    """What becomes of a change, by API."""
    timed = [api for api, name in PLATFORMS.items() if not isinstance(platform_named(name).timer, NoTimer)]
    return [
        *(pytest.param(api, False, ("undone",), id=f"{api}-made and undone") for api in PLATFORMS),
        *(pytest.param(api, True, ("confirmed",), id=f"{api}-held and confirmed") for api in timed),
        *(pytest.param(api, True, ("undone",), id=f"{api}-held and undone") for api in timed),
    ]


@pytest.mark.parametrize(("api", "held", "ends"), lives())
async def test_a_connection_that_is_cut_at_any_request_leaves_all_or_nothing(
    api: ApiName, held: bool, ends: Sequence[str], labs: Mapping[ApiName, Lab], clock: HandClock
) -> None:
    lab = labs[api]
    lab.device.reset()
    rig = api_rig(lab, clock)
    before, change = (rig.truth(), rig.kept()), await rig.proposed()
    script = Script(rig, change, rig.hold if held else None, ends)

    async def found_after(*faults: Fault) -> object:
        """What is wrong after a life with these cuts; ``None`` where nothing is."""
        lab.device.reset()
        forget(lab)
        for fault in faults:
            lab.device.inject(fault)
        await script.play()
        clock.turn(7200)
        if (rig.truth(), rig.kept()) != (wanted if script.stood else before):
            return rig.truth()
        return (effects_of(lab) - once if script.stood else None) or lab.device.revert_due

    forget(lab)
    await script.play()
    wanted, once = (rig.truth(), rig.kept()), effects_of(lab)
    wrong = {"between": await found_after(Fault(kind="cut", phase="before", times=0))}
    for phase, match in (("middle", CHANGES), ("after", CHANGES if held else "")):
        for number in itertools.count():
            cut = Fault.model_validate({"kind": "cut", "phase": phase, "match": match, "skip": number})
            found = await found_after(cut)
            if lab.device.pending_faults():
                break  # there are no more requests
            wrong[f"{phase} {number}"] = found
    assert len(wrong) >= LEAST[api], "a change and its undo take more requests than that"
    assert not {where: found for where, found in wrong.items() if found}
