"""Whether devices can keep what a definition says of ``confirm``: part of `prepare`, before any device is touched.

A platform declares its timer; whether one device's can be relied on is looked at on that device, before its change. How
long a wave may take is reckoned where its size follows from the number of devices alone; with ``select``, ``per``,
``apart``, ``together`` or ``order`` it is known only to the run, which undoes a wave that it cannot confirm in time.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from activities.deviceinteraction.platforms.protocol import NoTimer
from activities.deviceinteraction.platforms.registry import platform_named
from workflows.contracts import Device
from workflows.errors import EvaluationError, InvalidInputError
from workflows.plan import ApplyAction, Attr, ConfigureAction, Confirm, DevicesStep, Expr, HostName, Name, Step
from workflows.run.accept import allowed_failures, divide
from workflows.run.division import needs_facts
from workflows.run.evaluate import evaluate
from workflows.run.holding import HELD, confirm_seconds, stays_inside
from workflows.run.seconds import seconds
from workflows.wording import some

NAMED: Final = 5  # devices that a message lists


def check_confirms(steps: Sequence[Step], devices: Sequence[Device], inputs: Mapping[str, object]) -> None:
    """Refuse confirms that cannot be kept.

    Args:
        steps: All of the plan.
        devices: All that the run may take up.
        inputs: Of the run.

    Raises:
        InvalidInputError: With the step, the devices or the numbers, and what to do.
    """
    for step in steps:
        if not isinstance(step, DevicesStep):
            continue
        confirm = _confirm_of(step)
        if confirm is None:
            continue
        reached = _reached(step, steps, devices, inputs)
        problem = next(_problems(step, confirm, reached, inputs), None)
        if problem is not None:
            raise InvalidInputError(f"step `{step.id}`: {problem}")


def _confirm_of(step: DevicesStep) -> Confirm | None:
    """The confirm of a step, which its last change alone may have.

    A later commit confirms, or is lost with, an earlier one that waits for its confirmation.
    """
    around = step.maintenance
    wrapped = (*around.enter, *around.leave) if around is not None else ()
    changes = [action for action in step.do if isinstance(action, ApplyAction | ConfigureAction)]
    if any(isinstance(action, ApplyAction | ConfigureAction) and action.confirm is not None for action in wrapped):
        raise InvalidInputError(
            f"step `{step.id}`: `confirm` inside `maintenance` is not supported: nobody would confirm it; leave it out."
        )
    if any(action.confirm is not None for action in changes[:-1]):
        raise InvalidInputError(
            f"step `{step.id}`: `confirm` stands on a change that is followed by another one, whose commit would "
            "settle it. Give `confirm` to the step's last change, or make two steps of it."
        )
    return changes[-1].confirm if changes else None


def _problems(
    step: DevicesStep, confirm: Confirm, devices: Sequence[Device], inputs: Mapping[str, object]
) -> Iterator[str]:
    yield from _without_timer(confirm, devices)
    if stays_inside(step) and not step.undo:
        yield (
            "what `leave` of its `maintenance` does would settle a change that waits for its wave, so only its undo "
            "leads a device out whose wave fails, and `undo: none` forbids that. Allow an undo, or say `hold: device`."
        )
    if confirm.hold in HELD:
        yield from _too_slow(step, confirm, [device.name for device in devices], inputs)


def _without_timer(confirm: Confirm, devices: Sequence[Device]) -> Iterator[str]:
    by_platform: dict[str, list[str]] = {}
    for device in devices:
        by_platform.setdefault(device.platform, []).append(device.name)
    for name, hosts in by_platform.items():
        platform = platform_named(name)
        if isinstance(platform.timer, NoTimer):
            reason = platform.timer.reason
        elif platform.confirm == "session" and confirm.hold != "device":
            reason = "its timer ends with the session"
        elif platform.timer.seconds(timedelta(seconds=confirm.within_s)) is None:
            yield (
                f"`within` is {confirm.within_s:g} s, and the timer of {name} ({some(hosts, NAMED)}) takes "
                f"{platform.timer.unit_s} to {platform.timer.longest_s} s; correct `within`."
            )
            continue
        else:
            continue
        if confirm.hold != "best_effort":
            yield (
                f"`confirm: {{hold: {confirm.hold}}}` needs a confirm timer, and {name} has none for this "
                f"({some(hosts, NAMED)}): {reason}. Say `hold: best_effort` to change these without a timer, which "
                "approvers see, or give them a step of their own."
            )


def _too_slow(
    step: DevicesStep, confirm: Confirm, hosts: Sequence[HostName], inputs: Mapping[str, object]
) -> Iterator[str]:
    """Device-safety rule 4: soak + attempts x timeout x rounds + confirm pass < within."""
    if needs_facts(step):
        return
    for division in divide(hosts, step.waves):
        size = len(division.hosts)
        under_way = step.concurrency
        if step.budget == "strict":
            under_way = min(under_way, allowed_failures(step.accept, size) + 1)
        soak_s = _soak(division.wave.soak, inputs)
        rounds = -(-size // under_way)
        work_s = step.retry.attempts * step.timeout_s * rounds
        pass_s = confirm_seconds(step, size, under_way)
        if soak_s + work_s + pass_s >= confirm.within_s:
            yield (
                f"wave `{division.wave.name}` of {size} devices may take {soak_s + work_s + pass_s:g} s until it is "
                f"confirmed: {soak_s:g} s of soak, {step.retry.attempts} attempts x {step.timeout_s:g} s x {rounds} "
                f"rounds of {under_way} devices, and {pass_s:g} s to confirm; its devices revert after "
                f"{confirm.within_s:g} s. Make `within` longer, the wave smaller, `concurrency` higher, or the soak, "
                "the timeout or the retries less."
            )


def _soak(soak: Expr, inputs: Mapping[str, object]) -> float:
    try:
        return seconds(evaluate(soak, {"inputs": inputs}), "soak")
    except EvaluationError:
        return 0.0  # known only to the run, which says what is wrong with it


def _reached(
    step: DevicesStep, steps: Sequence[Step], devices: Sequence[Device], inputs: Mapping[str, object]
) -> Sequence[Device]:
    """The devices that a step takes up at most."""
    expr, seen = step.devices, {step.id}
    while (earlier := _step_named(expr, steps)) is not None and earlier.id not in seen:
        seen.add(earlier.id)
        expr = earlier.devices
    try:
        hosts = evaluate(expr, {"inputs": inputs, "inventory": [device.name for device in devices]})
    except EvaluationError:
        hosts = None  # it names what only the run knows
    return [
        device for device in devices if not device.maintenance and (not isinstance(hosts, list) or device.name in hosts)
    ]


def _step_named(expr: Expr, steps: Sequence[Step]) -> DevicesStep | None:
    """The step of which ``steps.NAME.succeeded`` and the like speak."""
    match expr:
        case Attr(of=Attr(of=Name(name="steps"), name=name)):
            return next((step for step in steps if isinstance(step, DevicesStep) and step.id == name), None)
        case _:
            return None
