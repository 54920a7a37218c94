"""Part of the sixth pass: waves, and the clocks that run beside them. Soaks, confirm timers, windows, deadlines."""

from dataclasses import dataclass

from workflows.definition.diagnostics import Findings, Span
from workflows.definition.draft import DevicesBody, Draft, StepDraft, WaitBody
from workflows.definition.draft_actions import ActionDraft, ReachableBody, RebootBody
from workflows.definition.expressions import Expression
from workflows.durations import parse_duration
from workflows.plan import Attr, Confirm, Constant, Name, Retry, Window, limits

DEFAULT_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Known:
    """A duration that is known before anything runs, and whether an input could change it."""

    seconds: float
    default: bool = False

    def __str__(self) -> str:
        return f"{spell(self.seconds)}{' by default' if self.default else ''}"


def known(said: Expression | float | None, draft: Draft) -> Known | None:
    """The length of a duration: a constant, or an input's default; None where only the run knows it."""
    if not isinstance(said, Expression):
        return Known(said) if said is not None else None
    match said.tree:
        case Constant(value=value):
            return _parsed(value)
        case Attr(of=Name(name="inputs"), name=name) if name in draft.inputs:
            found = _parsed(draft.inputs[name].default)
            return Known(found.seconds, default=True) if found else None
        case _:
            return None


def _parsed(value: object) -> Known | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Known(float(value))
    try:
        return Known(parse_duration(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def spell(seconds: float) -> str:
    """A duration as definitions write it."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    if seconds < 60 or seconds % 1:
        return f"{seconds:g}s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60}m" + (f"{rest}s" if rest else "")


def check_clocks(step: StepDraft, body: DevicesBody, draft: Draft, findings: Findings) -> None:
    """Reports waves that do not end where they seem to, and waits that outlast what runs beside them."""
    _check_sizes(body, draft, findings)
    soaks = [(wave, found) for wave in body.waves if (found := known(wave.soak, draft))]
    work = _work_s(step, draft)
    held = _held(body)
    for wave, soak in soaks:
        span, needed = _span(wave.soak, wave.span), soak.seconds + work
        for confirm in held:
            if needed >= confirm.within_s:
                message = (
                    f"the wave `{wave.name}` soaks for {soak}, and its work may take {spell(work)}:"
                    f" its devices revert after {spell(confirm.within_s)}"
                )
                findings.add("NS707", message, span, "soak for less, or confirm `within` a longer time")
                break
    if body.window:
        _check_window(step, body, body.window, draft, findings)
    deadline = known(step.common.deadline, draft)
    total = sum(soak.seconds for _, soak in soaks)
    if deadline and total >= deadline.seconds:
        message = f"the waves of `{step.id.text}` soak for {spell(total)}, and its deadline is {deadline}"
        findings.add("NS717", message, step.key("deadline"), "a deadline bounds the whole step with its retries")


def _check_window(step: StepDraft, body: DevicesBody, window: Window, draft: Draft, findings: Findings) -> None:
    """Reports waves that no window holds, by the arithmetic of the run (`workflows/plan/limits.py`) for one device.

    Once a wave has changed devices, those after it go by what was seen: no less than one action, and its undo.
    """
    place, timeout = step.key("window"), _timeout_s(step, draft)
    timed = tuple(_timed(action) for action in body.actions)
    turn = limits.turn_seconds(timed, timeout, _attempts(step, draft))
    undo = limits.attempt_seconds(timed, timeout) if body.changes and body.undo != () else 0.0
    confirm = _confirm_s(body, timeout)
    waves = [(f"the wave `{wave.name}`", wave.soak, _span(wave.soak, wave.span)) for wave in body.waves]
    for index, (name, said, span) in enumerate(waves or [("the only wave", 0.0, place)]):
        seen = index > 0 and body.changes
        work, back = (min(turn, timeout), min(undo, timeout)) if seen else (turn, undo)
        soak = known(said, draft)
        if soak is None or work + back + soak.seconds + confirm <= window.duration_s:
            continue
        parts = [f"it soaks for {soak}"] if soak.seconds else []
        parts += [f"its work may take {spell(work)}"]
        parts += [f"its undo {spell(back)}"] if back else []
        parts += [f"to confirm it {spell(confirm)}"] if confirm else []
        message = f"{name} never fits the window, which is open for {spell(window.duration_s)}"
        hint = f"{' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))}: it starts only if all fits inside"
        findings.add("NS716", message, span, hint, [(place, "the window")] if span != place else [])


def _timed(action: ActionDraft) -> limits.Timed:
    within = action.body.within_s if isinstance(action.body, RebootBody | ReachableBody) else 0.0
    return limits.Timed(action.kind, within)


def _held(body: DevicesBody) -> list[Confirm]:
    """The confirms that wait for the whole wave."""
    return [action.confirm for action in body.actions if action.confirm and action.confirm.hold != "device"]


def _confirm_s(body: DevicesBody, timeout_s: float) -> float:
    """How long one device takes to be confirmed where it waits for the whole wave; else no time."""
    if not _held(body):
        return 0.0
    last = max(place for place, action in enumerate(body.do) if action.kind in {"apply", "configure"})
    # Where leaving the maintenance would settle the change, the device stays inside until it is confirmed.
    leave = len(body.leave) if any(action.kind in limits.LIMITED for action in body.leave) else 0
    return limits.confirm_seconds(timeout_s, len(body.do) - 1 - last + leave)


def check_wait(step: StepDraft, body: WaitBody, draft: Draft, findings: Findings) -> None:
    """Reports a wait that its own limit cuts, and one that may never end."""
    length, deadline = known(body.for_, draft), known(step.common.deadline, draft)
    limits = [("timeout", known(step.common.timeout, draft)), ("deadline", deadline)]
    for key, limit in limits:
        if length and limit and length.seconds >= limit.seconds:
            message = f"the step `{step.id.text}` waits for {length}, and its `{key}` is {limit}"
            findings.add("NS717", message, step.key(key), "let the limit be the longer one, or leave it out")
    if (body.signal or body.devices) and step.common.timeout is None and step.common.deadline is None:
        awaited = f"the signal `{body.signal.text}`" if body.signal else "devices"
        message = f"the step `{step.id.text}` may wait for {awaited} for ever"
        findings.add("NS718", message, step.key("signal" if body.signal else "devices"), "add `timeout`, as `2h`")


def _work_s(step: StepDraft, draft: Draft) -> float:
    """What one device may take in each wave, at the least: each attempt its timeout (device-safety, rule 4)."""
    return _attempts(step, draft) * _timeout_s(step, draft)


def _timeout_s(step: StepDraft, draft: Draft) -> float:
    said = step.common.timeout if isinstance(step.common.timeout, float) else draft.defaults.timeout_s
    return said or DEFAULT_TIMEOUT_S


def _attempts(step: StepDraft, draft: Draft) -> int:
    return (step.common.retry or draft.defaults.retry or Retry()).attempts


def _span(said: Expression | float, otherwise: Span) -> Span:
    return said.span if isinstance(said, Expression) else otherwise


def _check_sizes(body: DevicesBody, draft: Draft, findings: Findings) -> None:
    """The last wave takes the rest: where it says less, people should know; where nothing is left, too."""
    if not body.waves:
        return
    most = draft.inventory.max if draft.inventory else None
    taken = 0.0
    for wave in body.waves[:-1]:
        taken += wave.share or (wave.size / most if wave.size and most and wave.per is None else 0.0)
        if taken >= 1:
            after = body.waves[body.waves.index(wave) + 1]
            message = f"nothing is left for the wave `{after.name}`: the waves before it take every device"
            findings.add("NS706", message, after.span, "sizes count new devices: lower those before, or leave it out")
            return
    last = body.waves[-1]
    if last.select is not None:
        message = f"the last wave `{last.name}` takes the rest, also what its `select` does not choose"
        findings.add("NS705", message, last.span, "add a wave of `size: 100%`, or choose with `devices`")
        return
    taken += last.share or (last.size / most if last.size and most and last.per is None else 0.0)
    if taken < 1:
        said = _percent(last.share) if last.share else str(last.size)
        message = f"the last wave `{last.name}` takes the rest, and not `{said}`"
        hint = "write `size: 100%` for it, or add a wave"
        if all(wave.share for wave in body.waves):
            message = (
                f"the waves end at {_percent(taken)}: the last one, `{last.name}`, takes the rest, and not `{said}`"
            )
        findings.add("NS705", message, last.span, hint)


def _percent(share: float) -> str:
    return f"{round(share * 100, 2):g}%"
