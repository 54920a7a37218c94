"""Last pass: draft to plan, defaults folded in. It reports nothing: what is wrong was reported before."""

import hashlib
import json
from typing import Final, TypedDict, assert_never

from workflows.definition.draft import (
    ApproveBody,
    Body,
    CallBody,
    ConcurrencyDraft,
    DefaultsDraft,
    DevicesBody,
    Draft,
    HttpBody,
    InventoryDraft,
    NotifyBody,
    ScriptBody,
    SetBody,
    StepDraft,
    WaitBody,
    WaveDraft,
)
from workflows.definition.expressions import Expression
from workflows.definition.lower_actions import lower_action, reads_of
from workflows.definition.scopes import Scopes
from workflows.definition.templates import templates_of
from workflows.plan import (
    ApproveStep,
    Block,
    CallStep,
    Check,
    Constant,
    Dedup,
    DevicesStep,
    Escalate,
    Expr,
    HttpStep,
    InventorySpec,
    Maintenance,
    MapOf,
    NotifyStep,
    OnBlock,
    OnDeadline,
    OnFailure,
    Plan,
    Retry,
    ScriptStep,
    SetStep,
    Step,
    StepId,
    WaitStep,
    Wave,
)

DEFAULT_TIMEOUT_S: Final = 60.0
# `defaults.timeout` is about devices and single requests; a called run has gates and waves of its own.
CALL_TIMEOUT_S: Final = 86400.0
DEFAULT_CONCURRENCY: Final = 50
ONCE: Final = Retry(attempts=1)  # what may act twice is repeated only where the step itself says so


class _Common(TypedDict):
    """The keys of `StepBase`, as every step gets them."""

    id: StepId
    needs: tuple[StepId, ...]
    when: Expr | None
    timeout_s: float
    retry: Retry
    deadline: Expr | None
    on_deadline: OnDeadline
    on_failure: OnFailure
    block: Block | None
    on_block: OnBlock
    checks: tuple[Check, ...]


def lower(scopes: Scopes) -> Plan:
    """The plan of a draft without errors, with its digest."""
    draft, needs = scopes.draft, scopes.order.needs
    named = sorted({word.text for step in draft.all_steps for word in templates_of(step)})
    final = {step.id.text for step in draft.final}
    plan = Plan(
        name=draft.name,
        version=draft.version,
        description=draft.description,
        digest="",
        inputs=draft.inputs,
        dedup=Dedup(key=draft.dedup.key.tree, on_duplicate=draft.dedup.on_duplicate) if draft.dedup else None,
        inventory=_inventory(draft.inventory) if draft.inventory else None,
        steps=tuple(_step(step, needs[step.id.text], draft) for step in draft.steps),
        # What `finally` needs of `steps` has ended before it begins.
        finally_=tuple(
            _step(step, tuple(name for name in needs[step.id.text] if name in final), draft) for step in draft.final
        ),
        outputs=tuple((word.text, value.tree) for word, value in draft.outputs),
        templates={name: draft.templates[name] for name in named},
        calls={target: called.digest for target, called in sorted(scopes.called.items())},
    )
    return plan.model_copy(update={"digest": digest_of(plan)})


def digest_of(plan: Plan) -> str:
    """Hex SHA-256 over the canonical JSON of a plan without its digest: sorted keys, no spaces, UTF-8."""
    data = plan.model_dump(mode="json", exclude={"digest"})
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _inventory(draft: InventoryDraft) -> InventorySpec:
    return InventorySpec(source=draft.source, select=_tree(draft.select), min=draft.min, max=draft.max)


def _step(step: StepDraft, needs: tuple[str, ...], draft: Draft) -> Step:
    common = _common(step, needs, draft)
    match step.body:
        case DevicesBody() as body:
            return _devices(body, common, draft.defaults)
        case ApproveBody() as body:
            return _approve(step, body, common)
        case NotifyBody() as body:
            template = body.template.text if body.template else None
            return NotifyStep(**common, to=body.to, template=template, message=_tree(body.message))
        case HttpBody() as body:
            return HttpStep(
                **common,
                method=body.method,
                url=body.url.tree,
                query=_tree(body.query),
                headers=_tree(body.headers),
                json_=_tree(body.json),
                status=body.status,
            )
        case WaitBody() as body:
            return WaitStep(
                **common,
                for_=_seconds_or_none(body.for_),
                until=_tree(body.until),
                window=body.window,
                signal=body.signal.text if body.signal else None,
                payload=body.payload,
                devices=_tree(body.devices),
                credential=draft.defaults.credential if body.devices else None,
                limit=_seconds_or_none(step.common.timeout),
            )
        case CallBody() as body:
            pairs = tuple((Constant(value=word.text), value.tree) for word, value in body.given)
            with_ = MapOf(items=pairs)
            said = step.common.timeout
            limit = said if isinstance(said, float) else None
            return CallStep(**common, definition=body.definition, version=body.version, with_=with_, limit_s=limit)
        case ScriptBody() as body:
            return ScriptStep(**common, engine=body.engine, run=body.run, with_=_tree(body.with_))
        case SetBody() as body:
            return SetStep(**common, values=tuple((word.text, value.tree) for word, value in body.values))
        case _:
            assert_never(step.body)


def _common(step: StepDraft, needs: tuple[str, ...], draft: Draft) -> _Common:
    said = step.common
    return _Common(
        id=StepId(step.id.text),
        needs=tuple(StepId(name) for name in dict.fromkeys(needs)),
        when=_tree(said.when),
        timeout_s=_timeout(step, draft.defaults),
        retry=said.retry or (ONCE if _acts_once(step.body) else draft.defaults.retry) or Retry(),
        deadline=_seconds_or_none(said.deadline),
        on_deadline=said.on_deadline or "stop",
        on_failure=_on_failure(step),
        block=said.block,
        on_block=said.on_block or "abort",
        checks=tuple(
            Check(name=check.name, that=check.that.tree, message=_tree(check.message), severity=check.severity)
            for check in said.checks
        ),
    )


def _timeout(step: StepDraft, defaults: DefaultsDraft) -> float:
    """Seconds of one attempt. To a gate or a wait, ``timeout`` says how long it lasts, which has its own key."""
    if isinstance(step.common.timeout, float) and not isinstance(step.body, ApproveBody | WaitBody):
        return step.common.timeout
    if isinstance(step.body, CallBody):
        return CALL_TIMEOUT_S
    return defaults.timeout_s or DEFAULT_TIMEOUT_S


def _acts_once(body: Body) -> bool:
    """Whether a second attempt could do a second time what the first has done."""
    match body:
        case HttpBody():
            return body.method in {"post", "patch"}  # RFC 9110, section 9.2.2: the others are idempotent
        case ScriptBody() | CallBody():
            return True
        case _:
            return False


def _devices(body: DevicesBody, common: _Common, defaults: DefaultsDraft) -> DevicesStep:
    concurrency = body.concurrency or defaults.concurrency or ConcurrencyDraft(None)
    maintenance = None
    if body.enter or body.leave:
        maintenance = Maintenance(
            enter=tuple(lower_action(action) for action in body.enter),
            leave=tuple(lower_action(action) for action in body.leave),
        )
    return DevicesStep(
        **common,
        devices=body.devices.tree,
        do=tuple(lower_action(action) for action in body.do),
        changes=body.changes,
        reads=tuple(dict.fromkeys(StepId(name) for action in body.actions for name in reads_of(action))),
        concurrency=concurrency.total or DEFAULT_CONCURRENCY,
        concurrency_per=_tree(concurrency.per),
        concurrency_each=concurrency.each,
        waves=tuple(_wave(wave) for wave in body.waves),
        window=body.window,
        accept=body.accept,
        budget=body.budget,
        apart=_tree(body.apart),
        together=_tree(body.together),
        order=tuple(one.tree for one in body.order),
        breaker=body.breaker,
        maintenance=maintenance,
        credential=body.credential or defaults.credential,
        undo=body.undo if body.undo is not None else ("native", "inverse", "restore"),
    )


def _approve(step: StepDraft, body: ApproveBody, common: _Common) -> ApproveStep:
    assert step.common.timeout is not None
    escalate = body.escalate
    return ApproveStep(
        **common,
        by=body.by,
        quorum=body.quorum,
        not_by=body.not_by,
        binds_step=StepId(body.binds.step.text) if body.binds and body.binds.step else None,
        binds_name=body.binds.name.text if body.binds else None,
        timeout=_seconds(step.common.timeout),
        on_timeout=body.on_timeout,
        escalate=Escalate(to=escalate.to, timeout=_seconds(escalate.timeout), then=escalate.then) if escalate else None,
        via=body.via,
        auto=_tree(body.auto),
    )


def _on_failure(step: StepDraft) -> OnFailure:
    said = step.on_failure
    if said is None:
        return OnFailure(action="continue" if step.final else "stop")
    return OnFailure(action=said.action, scope=said.scope, of=StepId(said.of.text) if said.of else None)


def _wave(wave: WaveDraft) -> Wave:
    return Wave(
        name=wave.name,
        size=wave.size,
        share=wave.share,
        select=_tree(wave.select),
        per=_tree(wave.per),
        soak=_seconds(wave.soak),
    )


def _seconds(said: Expression | float) -> Expr:
    return said.tree if isinstance(said, Expression) else Constant(value=said)


def _seconds_or_none(said: Expression | float | None) -> Expr | None:
    return _seconds(said) if said is not None else None


def _tree(expression: Expression | None) -> Expr | None:
    return expression.tree if expression else None
