"""The activity `prepare`: turns a request into all that a run needs, once, before any device is touched.

It finds and compiles the definition, checks the inputs, resolves the inventory, freezes the approvers' groups, and
keeps the result as a `Bundle`. What it refuses, it refuses with ``invalid_input`` and with what to do; nothing that
changes later in Git or in the source of truth can change the run.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, assert_never, get_args

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.assurances import assurances, check_requester, check_via, surely_called
from activities.definitions import Definitions
from activities.deviceinteraction.model import PlatformName
from activities.fence import heartbeat
from activities.inventory.source import InventoryError, InventorySource
from activities.replacements import check_replacements
from activities.systems import Systems
from activities.timers import check_confirms
from activities.values import BUNDLE
from workflows import contracts
from workflows.contracts import Bundle, Device, GuardPolicy, Prepared, PrepareInput, RunRequest
from workflows.definition.compiler import Source, compile_definition
from workflows.definition.render import render
from workflows.errors import EvaluationError, InvalidInputError, failure
from workflows.identity import person
from workflows.inputs import check_inputs
from workflows.plan import (
    ApproveStep,
    Concat,
    Constant,
    DevicesStep,
    HostName,
    HttpStep,
    InventorySpec,
    NotifyStep,
    Plan,
    ScriptStep,
    Step,
    WaitStep,
)
from workflows.run.changing import changing_definitions
from workflows.run.decisions import ANYONE
from workflows.run.evaluate import truth
from workflows.suggest import did_you_mean
from workflows.wording import some

PLATFORMS: Final[tuple[str, ...]] = get_args(PlatformName)
LONGEST: Final = 6_000  # characters of a message with rendered diagnostics
NAMED: Final = 5  # hosts that a message lists
_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Programs:
    """The names under which `script`, `ansible` and `awx` steps find what they run.

    Args:
        script: Of programs and functions.
        ansible: Of playbooks.
        awx: Of templates.
        on_devices: Those playbooks whose inventory is the run's own devices.
    """

    script: frozenset[str] = frozenset()
    ansible: frozenset[str] = frozenset()
    awx: frozenset[str] = frozenset()
    on_devices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a worker's settings name, and definitions may refer to.

    Args:
        inventories: Sources by name.
        groups: Approvers by group; ``*`` among them means anyone.
        targets: The names of notification targets.
        credentials: The names of credentials.
        systems: What may be called over HTTP.
        scripts: The names of what can be run.
        search_attributes: Whether the server has ours registered.
        guard: When devices are taken out of service, and who is told.
        history_events: How long a run's history may become before it continues as new.
    """

    inventories: Mapping[str, InventorySource] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    targets: frozenset[str] = frozenset()
    credentials: frozenset[str] = frozenset()
    systems: Systems = field(default_factory=Systems)
    scripts: Programs = field(default_factory=Programs)
    search_attributes: bool = True
    guard: GuardPolicy = field(default_factory=GuardPolicy)
    history_events: int = contracts.HISTORY_EVENTS


class Prepare:
    """Holds what preparing a run needs.

    Args:
        documents: The artifact store, typed.
        definitions: Where definitions are found.
        knowledge: What the settings name.
    """

    def __init__(self, documents: Documents, definitions: Definitions, knowledge: Knowledge) -> None:
        self._documents = documents
        self._definitions = definitions
        self._knowledge = knowledge

    @activity.defn(name=contracts.PREPARE)
    @heartbeat()
    async def prepare(self, call: PrepareInput) -> Prepared:
        """Load, compile, check, resolve and freeze.

        Raises:
            ApplicationError: ``invalid_input`` for whatever the requester can correct, ``block_unavailable`` where a
                source of truth or the artifact store cannot be read. No device was touched.
        """
        try:
            return await self._prepare(call.request)
        except InvalidInputError as error:
            raise failure("invalid_input", str(error)[:LONGEST]) from None
        except InventoryError as error:
            raise failure("block_unavailable", f"source of truth: {error}"[:LONGEST]) from None
        except ArtifactError as error:
            raise failure("block_unavailable", f"executor: {error}"[:LONGEST], retry=True) from None

    async def _prepare(self, request: RunRequest) -> Prepared:
        source = await self._definitions.find(request)
        plan, warnings = _compiled(source)
        _check_digest(plan, request)
        inputs = check_inputs(plan.inputs, request.inputs)
        steps = (*plan.steps, *plan.finally_)
        self._check_names(steps, request.by if request.mode == "apply" else "")
        check_requester(steps, request)
        self._check_has_devices(plan)
        called = self._check_called(source, plan, request)
        devices = [] if plan.inventory is None else await self._select(plan.inventory, inputs)
        devices = _within(_limited(devices, request.limit), request.within)
        self._check_devices(devices, steps)
        check_confirms(steps, devices, inputs)
        check_replacements(steps, devices)
        by_name = {device.name: device for device in devices}
        bundle = Bundle(plan=plan, inputs=inputs, devices=by_name)
        return Prepared(
            ref=await self._documents.save(bundle, BUNDLE),
            plan=plan,
            inputs=inputs,
            hosts=tuple(by_name),
            skipped={device.name: "in maintenance" for device in devices if device.maintenance},
            pools={device.name: device.pool for device in devices if device.pool is not None},
            groups={group: self._knowledge.groups[group] for step in steps for group in _groups(step)},
            search_attributes=self._knowledge.search_attributes,
            guard=self._knowledge.guard,
            history_events=self._knowledge.history_events,
            **assurances(devices, steps, self._knowledge.targets),
            warnings=warnings,
            changing=changing_definitions(called),
        )

    def _check_called(self, source: Source, caller: Plan, request: RunRequest) -> Mapping[str, Plan]:
        """The plans of called definitions; those that cannot be carried out are refused before anything begins."""
        definitions = source.definitions
        plans = {name: _compiled(replace(one, definitions=definitions))[0] for name, one in definitions.items()}
        sure = surely_called(caller, plans)
        for name, plan in plans.items():
            try:
                steps = (*plan.steps, *plan.finally_)
                self._check_names(steps, "")
                check_requester(steps if name in sure else (), request)
            except InvalidInputError as error:
                raise InvalidInputError(f"the called definition `{name}`: {error}") from None
        return plans

    def _check_names(self, steps: Sequence[Step], requester: str) -> None:
        """Refuse groups, targets, credentials, systems and scripts that this worker's settings do not name."""
        for step in steps:
            match step:
                case ApproveStep():
                    for group in _groups(step):
                        self._known(group, self._knowledge.groups, f"step `{step.id}`: the group", "groups")
                    self._check_quorum(step, requester)
                    check_via(step, self._knowledge.systems)
                case NotifyStep():
                    self._known(step.to, self._knowledge.targets, f"step `{step.id}`: the target", "notify")
                case DevicesStep() | WaitStep():
                    if step.credential is not None:
                        where = f"step `{step.id}`: the credential"
                        self._known(step.credential, self._knowledge.credentials, where, "credentials")
                case ScriptStep():
                    self._check_program(step)
                case HttpStep():
                    self._check_address(step)

    def _check_quorum(self, step: ApproveStep, requester: str) -> None:
        """Refuse a gate that people can never open: fewer may decide than have to. One with `when` may not be asked."""
        members = {person(name) for group in _groups(step) for name in self._knowledge.groups[group]}
        if "requester" in step.not_by:
            members.discard(person(requester))
        otherwise = step.via is not None or step.auto is not None or step.when is not None
        if ANYONE in members or len(members) >= step.quorum or otherwise:
            return
        asked = f" besides {requester}, who asks" if "requester" in step.not_by and requester else ""
        groups = " and ".join(f"`{group}`" for group in _groups(step))
        raise InvalidInputError(
            f"step `{step.id}` wants {step.quorum} of {groups}, and {len(members)} may decide{asked}. Lower `quorum`, "
            "or add people to `groups` in the worker's settings."
        )

    def _check_program(self, step: ScriptStep) -> None:
        programs = self._knowledge.scripts
        match step.engine:
            case "script":
                self._known(step.run, programs.script, f"step `{step.id}`: the script", "scripts")
            case "ansible":
                self._known(step.run, programs.ansible, f"step `{step.id}`: `ansible`:", "ansible")
            case "awx":
                self._known(step.run, programs.awx, f"step `{step.id}`: `awx`:", "awx")
            case _:
                assert_never(step.engine)

    def _check_address(self, step: HttpStep) -> None:
        first = step.url.parts[0] if isinstance(step.url, Concat) else step.url
        if isinstance(first, Constant) and isinstance(first.value, str):
            try:
                self._knowledge.systems.check_beginning(first.value)
            except InvalidInputError as error:
                raise InvalidInputError(f"step `{step.id}`: {error}") from None

    def _known(self, name: str, known: Mapping[str, object] | frozenset[str], what: str, section: str) -> None:
        if name not in known:
            near = did_you_mean(name, known, "there are")
            raise InvalidInputError(f"{what} `{name}` is not under `{section}` in the worker's settings; {near}")

    def _check_has_devices(self, plan: Plan) -> None:
        """Refuse a playbook that is to work on the run's own devices where the run has none."""
        for step in (*plan.steps, *plan.finally_):
            if plan.inventory is not None or not isinstance(step, ScriptStep) or step.engine != "ansible":
                continue
            if step.run in self._knowledge.scripts.on_devices:
                raise InvalidInputError(
                    f"step `{step.id}`: `{step.run}` works on the devices of the run, and the definition names none. "
                    "Give the definition an `inventory`, or `ansible` in the worker's settings one of Ansible's."
                )

    async def _select(self, spec: InventorySpec, inputs: Mapping[str, object]) -> list[Device]:
        source = self._knowledge.inventories.get(spec.source)
        if source is None:
            self._known(spec.source, self._knowledge.inventories, "the inventory source", "inventories")
            raise AssertionError(spec.source)
        everything = sorted(await source.devices(), key=lambda device: _natural(device.name))
        selected = [device for device in everything if _is_selected(device, spec, inputs)]
        bounds = f"at least {spec.min}" + (f" and at most {spec.max}" if spec.max is not None else "")
        if len(selected) < spec.min or (spec.max is not None and len(selected) > spec.max):
            raise InvalidInputError(
                f"the inventory `{spec.source}` has {len(everything)} devices, of which `select` chose "
                f"{len(selected)}; the definition expects {bounds}. Check the inputs that `select` names, or `expect`."
            )
        return selected

    def _check_devices(self, devices: Sequence[Device], steps: Sequence[Step]) -> None:
        """Refuse devices that no platform of ours drives, or that nobody says how to log in to."""
        for device in devices:
            if device.platform not in PLATFORMS:
                said = f"platform `{device.platform}` is not supported" if device.platform else "names no platform"
                near = did_you_mean(device.platform, PLATFORMS, "supported are")
                raise InvalidInputError(f"host {device.name}: {said}; {near} Correct the inventory, or `select`.")
            if device.credential is not None:
                what = f"host {device.name}: the credential"
                self._known(device.credential, self._knowledge.credentials, what, "credentials")
        unnamed = [device.name for device in devices if device.credential is None]
        for step in steps:
            if _logs_in(step) and unnamed:
                raise InvalidInputError(
                    f"step `{step.id}` names no credential, and neither does the inventory for {some(unnamed, NAMED)}. "
                    "Give one under the definition's `defaults`, or to the hosts, their group or the inventory's "
                    "defaults."
                )


def _logs_in(step: Step) -> bool:
    """Whether a step logs in to devices, and leaves it to them with what."""
    if isinstance(step, WaitStep):
        return step.devices is not None and step.credential is None
    return isinstance(step, DevicesStep) and step.credential is None


def _groups(step: Step) -> tuple[str, ...]:
    """The groups of people that a step asks."""
    if not isinstance(step, ApproveStep):
        return ()
    return (step.by,) if step.escalate is None else (step.by, step.escalate.to)


def _check_digest(plan: Plan, request: RunRequest) -> None:
    """Refuse another plan than the one that was asked for."""
    if request.plan_digest is not None and request.plan_digest != plan.digest:
        raise InvalidInputError(
            f"the definition has moved: {plan.name}@{plan.version} compiles to the plan {plan.digest[:12]}, and "
            f"{request.plan_digest[:12]} was expected. The definition, one that it calls or a template was changed "
            "meanwhile; look at it, and ask again."
        )


def _compiled(source: Source) -> tuple[Plan, tuple[str, ...]]:
    compiled = compile_definition(source)
    if compiled.plan is None or not compiled.ok:
        texts = {source.name: source.text, **source.templates}
        raise InvalidInputError(f"the definition cannot be run:\n\n{render(compiled.diagnostics, texts)}")
    return compiled.plan, tuple(item.message for item in compiled.diagnostics)


def _is_selected(device: Device, spec: InventorySpec, inputs: Mapping[str, object]) -> bool:
    if spec.select is None:
        return True
    try:
        return truth(spec.select, {"device": device.model_dump(mode="json"), "inputs": inputs})
    except EvaluationError as error:
        raise InvalidInputError(
            f"`select` cannot be judged for host {device.name} of `{spec.source}`: {error}. Complete the inventory, or "
            "use `default` in the expression."
        ) from None


def _limited(devices: list[Device], limit: Sequence[HostName]) -> list[Device]:
    if not limit:
        return devices
    strangers = set(limit) - {device.name for device in devices}
    if strangers:
        raise InvalidInputError(
            f"`limit` names {some(sorted(strangers, key=_natural), NAMED)}, not among the "
            f"{len(devices)} selected devices."
        )
    return [device for device in devices if device.name in limit]


def _within(devices: list[Device], caller: Sequence[HostName]) -> list[Device]:
    """What a called run may touch where its caller is limited; it may select other devices, and then has none."""
    return [device for device in devices if device.name in caller] if caller else devices


def _natural(name: str) -> list[str | int]:
    """Sorts ``sw2`` before ``sw10``, as people do: texts and numbers in turn, and a text first, which may be empty."""
    parts: list[str | int] = [*_DIGITS.split(name)]
    parts[1::2] = map(int, parts[1::2])
    return parts
