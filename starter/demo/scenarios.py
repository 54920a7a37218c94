"""The three endings of the demonstration, and what proves each of them.

success   every device gets the VLAN
failure   a device of the second wave refuses a line: its wave is undone, the first wave keeps its change
crash     the worker is killed in the middle of a wave and started again: the run ends, and no effect was made twice
"""

import asyncio
from datetime import UTC, datetime
from typing import Final, Literal, assert_never

from starter.demo.control import inject
from starter.demo.scene import VLAN_ID, VLAN_NAME, Scene
from starter.demo.witness import repeated
from starter.errors import StackError
from workflows.contracts import RunResult

Scenario = Literal["success", "failure", "crash"]
Proof = tuple[bool, str]

LATENCY_S: Final[dict[Scenario, float]] = {"success": 0.02, "failure": 0.02, "crash": 0.12}
CANARY: Final = 4  # one of each platform
VICTIM: Final = CANARY  # in the run's order: the first of the pilot
REJECTED: Final = f"name {VLAN_NAME}"
POLL_S: Final = 0.05


async def play(scenario: Scenario, scene: Scene) -> int:
    """Play a scenario; the exit code is 0 if all ended as it should and was proven."""
    match scenario:
        case "success":
            return await success(scene)
        case "failure":
            return await failure(scene)
        case "crash":
            return await crash(scene)
        case _:
            assert_never(scenario)


async def success(scene: Scene) -> int:
    """All goes well."""
    handle = await scene.begin()
    result = await scene.follow(handle)
    if result.verdict == "rejected":
        return await _rejected(scene)
    return scene.verdict([_ended(result, "succeeded"), await _held(scene, {host.name for host in scene.fleet.hosts})])


async def failure(scene: Scene) -> int:
    """A device of the second wave refuses a line."""
    victim = scene.fleet.hosts[VICTIM].name

    async def break_victim() -> None:
        await inject(scene.stack.control_path, victim, kind="reject", match=REJECTED, times=0)
        scene.say(f"From now on {victim} refuses the line `{REJECTED}`; nobody knows that yet.", "yellow")

    handle = await scene.begin()
    result = await scene.follow(handle, before_gate=break_victim)
    if result.verdict == "rejected":
        return await _rejected(scene)
    waves: dict[str, list[str]] = {}
    for line in (await handle.all_devices()).devices:
        if line.wave:
            waves.setdefault(line.wave, []).append(line.host)
    canary, pilot = waves.get("canary", []), waves.get("pilot", [])
    scene.say("\nWhat the devices of the first two waves answer to `show vlan` over SSH:", "bold")
    found = await scene.fleet.vlan_lines(VLAN_ID, [*canary, *pilot])
    for wave, hosts in (("canary", canary), ("pilot", pilot)):
        for host in hosts:
            scene.say(f"  {host:<10} {wave:<8} {found[host] or f'no VLAN {VLAN_ID}'}")
    proofs = [
        _ended(result, "stopped"),
        (victim in pilot, f"{victim} was in the second wave ({', '.join(pilot) or 'nobody'})."),
        (bool(canary) and all(found[host] for host in canary), "The first wave keeps its change."),
        (bool(pilot) and not any(found[host] for host in pilot), "The second wave is as it was before."),
        await _held(scene, set(canary)),
    ]
    return scene.verdict(proofs)


async def crash(scene: Scene) -> int:
    """The worker is killed in the middle of the last wave, and started again."""
    handle = await scene.begin()
    following = asyncio.create_task(scene.follow(handle), name="follow")
    killing = asyncio.create_task(_kill_in_the_middle(scene, following), name="crash")
    try:
        await asyncio.wait({following, killing}, return_when=asyncio.FIRST_EXCEPTION)
        if following.done() and following.result().verdict == "rejected":
            return await _rejected(scene)
        killed = await killing  # first: a run whose worker did not come back would be followed for ever
        result = await following
    finally:
        following.cancel()
        killing.cancel()
        await asyncio.gather(following, killing, return_exceptions=True)
    scene.say("\nWhat the devices' own command logs say:", "bold")
    proofs = [_ended(result, "succeeded"), *_no_effect_twice(scene, killed)]
    return scene.verdict([*proofs, await _held(scene, {host.name for host in scene.fleet.hosts})])


async def _kill_in_the_middle(scene: Scene, following: "asyncio.Task[RunResult]") -> datetime:
    """Wait for the middle of the last wave, by the devices' logs; kill the worker, start another, say when."""
    hosts = scene.fleet.hosts
    first_waves = CANARY + -(-len(hosts) // 10)  # the canary and the pilot
    touched = saved = 0
    while not first_waves < saved < len(hosts):
        if following.done() or saved == len(hosts):
            raise StackError("The last wave ended before its worker could be killed in the middle of it.")
        await asyncio.sleep(POLL_S)
        effects = {host: [entry.effect for entry in scene.fleet.effects(host.name)] for host in hosts}
        touched = sum("running" in made for made in effects.values())
        saved = sum("startup" in made for made in effects.values())
    worker = scene.stack.worker
    killed = datetime.now(UTC)
    await worker.kill()
    scene.say(
        f"The worker (process {worker.pid}) was killed with SIGKILL: {touched} devices touched, {saved} of them saved.",
        "bold yellow",
    )
    await scene.stack.start_worker()
    scene.say(f"Another worker (process {scene.stack.worker.pid}) is up; the run goes on.", "yellow")
    return killed


def _no_effect_twice(scene: Scene, killed: datetime) -> list[Proof]:
    """Judge the logs: done before the crash, and untouched after it; or in the middle of it, and made once."""
    finished, under_way, later, twice = [], [], [], []
    for host in scene.fleet.hosts:
        effects = [entry for entry in scene.fleet.effects(host.name) if entry.effect in ("running", "startup")]
        before = [entry for entry in effects if entry.at < killed]
        again = repeated(effects)
        if again:
            twice.append(f"{host.name}: {', '.join(again)}")
        if not before:
            later.append(host.name)
        elif len(before) == len(effects):
            finished.append(host.name)
        else:
            under_way.append(host.name)
            made = f"effects: {len(before)} before the crash, {len(effects) - len(before)} after it"
            said = f"twice: {', '.join(again)}" if again else "none twice"
            scene.say(f"  {host.name:<10} {host.platform:<14} was under way; {made}; {said}")
    scene.say(f"  {len(finished)} devices were finished before the crash and had no effect after it.")
    scene.say(f"  {len(under_way)} devices were under way, {len(later)} were changed only after it.")
    every = len(scene.fleet.hosts)
    return [
        (bool(finished) and len(finished) < every, "The worker died in the middle of the change."),
        (not twice, "No effect was made twice." if not twice else f"Effects were made twice: {'; '.join(twice)}"),
    ]


async def _held(scene: Scene, expected: set[str]) -> Proof:
    """Whether exactly these devices hold the VLAN, by what every device answers over SSH."""
    found = await scene.fleet.vlan_lines(VLAN_ID, [host.name for host in scene.fleet.hosts])
    holding = {host for host, line in found.items() if line and VLAN_NAME in line}
    half = {host for host, line in found.items() if line and VLAN_NAME not in line}
    text = f"Over SSH {len(holding)} of {len(found)} devices hold VLAN {VLAN_ID} {VLAN_NAME}; expected {len(expected)}."
    wrong = sorted((holding ^ expected) | half)
    return not wrong, text + (f" Not as expected: {', '.join(wrong)}." if wrong else "")


async def _rejected(scene: Scene) -> int:
    return scene.verdict([(True, "The run was rejected at its gate, as you said."), await _held(scene, set())])


def _ended(result: RunResult, verdict: str) -> Proof:
    return result.verdict == verdict, f"The run ended as {result.verdict}; expected {verdict}."
