"""What gates know in advance: who can be reminded, who asked, which systems take questions, what devices fall back on.

Part of `prepare`, which freezes it with the rest: what the settings say later changes no live run.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypedDict

from activities.deviceinteraction.platforms.registry import platform_named
from activities.systems import Systems
from workflows.contracts import Device, RunRequest, Safety
from workflows.errors import InvalidInputError
from workflows.plan import ApproveStep, CallStep, DevicesStep, Plan, Step

OPERATORS: Final = "operators"  # the notification target that hears of a step that waits for an operator
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Assurances(TypedDict):
    """Fields of `Prepared`."""

    reminded: tuple[str, ...]
    safety: tuple[Safety, ...]
    safety_of: str


def assurances(devices: Sequence[Device], steps: Sequence[Step], targets: Collection[str]) -> Assurances:
    """What `Prepared` says of it.

    Args:
        devices: The run's, in its order.
        steps: All of the plan.
        targets: The names of the notification targets; one with the name of a group reminds that group.
    """
    asked = [step.by for step in steps if isinstance(step, ApproveStep)]
    asked += [OPERATORS] if any(_asks_operators(step) for step in steps) else []
    platforms = tuple(dict.fromkeys(device.platform for device in devices))
    changes = any(isinstance(step, DevicesStep) and step.changes for step in steps)
    return Assurances(
        reminded=tuple(name for name in dict.fromkeys(asked) if name in targets),
        safety=tuple(_safety(name) for name in platforms) if changes else (),
        safety_of="".join(_digits(platforms)[device.platform] for device in devices) if changes else "",
    )


def _digits(platforms: Sequence[str]) -> Mapping[str, str]:
    return dict(zip(platforms, _DIGITS, strict=False))


def _safety(platform: str) -> Safety:
    found = platform_named(platform)
    return Safety(platform=platform, undo=found.undo_methods, confirm=found.confirm)


def _asks_operators(step: Step) -> bool:
    return isinstance(step, DevicesStep) and step.on_deadline == "escalate"


def check_via(step: ApproveStep, systems: Systems) -> None:
    """Refuse a gate that asks a system which the settings do not name, or which takes no questions.

    Raises:
        InvalidInputError: With what to do.
    """
    if step.via is None:
        return
    try:
        system = systems.system(step.via)
    except InvalidInputError as error:
        raise InvalidInputError(f"step `{step.id}`: `via`: {error}") from None
    if system.approval is None:
        raise InvalidInputError(
            f"step `{step.id}`: the system `{step.via}` takes no questions; give it `approval: {{path: /…}}` under "
            "`systems` in the worker's settings."
        )


def check_requester(steps: Sequence[Step], request: RunRequest) -> None:
    """Refuse a request that names nobody where a gate excludes whoever asked: that gate would exclude nobody.

    A gate with ``when`` or ``auto`` may never ask anybody. Such a one is refused when it is reached and would ask; see
    `workflows.run.gates`.

    Args:
        steps: All of the plan, or of a plan that it is sure to call; a called run inherits who asked.
        request: What was asked for. In plan mode no gate asks anybody.

    Raises:
        InvalidInputError: With what to do.
    """
    if request.mode == "plan" or request.by.strip():
        return
    for step in steps:
        if isinstance(step, ApproveStep) and "requester" in step.not_by and step.when is None and step.auto is None:
            raise InvalidInputError(
                f"step `{step.id}` is not for the one who asks (`not_by: [requester]`), and the request does not say "
                "who that is. Name somebody: `by: NAME` in the input, as the Temporal CLI or a schedule gives it, or "
                "`--by NAME` with `netsaga`."
            )


def surely_called(plan: Plan, called: Mapping[str, Plan]) -> frozenset[str]:
    """The definitions that a run calls whatever it finds: those that no ``when`` stands before.

    Args:
        plan: The run's.
        called: All that it and those may call, by ``NAME@VERSION`` as the calls write it.
    """
    sure: dict[str, Plan] = {}
    unread = [plan]
    while unread:
        caller = unread.pop()
        for step in (*caller.steps, *caller.finally_):
            if not isinstance(step, CallStep) or step.when is not None:
                continue
            name = f"{step.definition}@{step.version}"
            if name in called and name not in sure:
                sure[name] = called[name]
                unread.append(called[name])
    return frozenset(sure)
