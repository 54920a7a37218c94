"""A look at one device before it is trusted to the engine: reads only, and reports problems instead of raising them."""

from typing import Literal

from activities.deviceinteraction.failures import DeviceFailure
from activities.deviceinteraction.model import Facts, HostKeys, Model, Target, Timeouts
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Ability, Need, NoTimer, Platform
from activities.deviceinteraction.redaction import Redactor
from activities.deviceinteraction.session import Session, open_session


class Finding(Model):
    """One thing that was looked at. ``unknown`` where the probe did not come so far."""

    name: str
    state: Literal["ok", "missing", "unknown"]
    reason: str


class ProbeReport(Model):
    """What a probe saw. ``findings`` in the order in which they were looked at; ``undo`` and ``confirm`` follow."""

    host: str
    address: str
    port: int
    platform: str
    facts: Facts | None = None
    findings: tuple[Finding, ...]
    undo: tuple[Finding, ...] = ()
    confirm: Finding

    @property
    def usable(self) -> bool:
        """Whether netsaga can change this device and take the change back."""
        return all(item.state == "ok" for item in self.findings if item.name in ("session", "change")) and any(
            item.state == "ok" for item in self.undo
        )


async def probe(target: Target, *, host_keys: HostKeys, timeouts: Timeouts | None = None) -> ProbeReport:
    """Log in once, read, and say what would work. Never raises for a problem of the device."""
    redact = Redactor.of(target.credential)
    try:
        async with open_session(target, host_keys=host_keys, timeouts=timeouts) as session:
            return await _look(session, Dialogue(session.transport, target, timeouts or Timeouts()))
    except DeviceFailure as error:
        return _without_session(target, redact(error.message))


async def _look(session: Session, device: Dialogue) -> ProbeReport:
    target, platform = session.target, session.platform
    findings = [Finding(name="session", state="ok", reason=f"logged in; the prompt is {session.transport.prompt!r}")]
    facts: Facts | None = None
    try:
        facts = await session.facts()
        findings.append(Finding(name="facts", state="ok", reason=f"{facts.vendor} {facts.model}, {facts.version}"))
    except DeviceFailure as error:
        findings.append(Finding(name="facts", state="missing", reason=error.message))
    try:
        state = await session.snapshot(["config"])
        lines = len((state.config or "").splitlines())
        findings.append(Finding(name="running config", state="ok", reason=f"complete, {lines} lines"))
        complete = Need("running config", met=True, reason="complete", serves=("change",))
    except DeviceFailure as error:
        findings.append(Finding(name="running config", state="missing", reason=error.message))
        complete = Need("running config", met=False, reason=error.message, serves=("change",))
    needs = (complete, *await platform.probe(device))
    findings.extend(
        Finding(name=need.name, state="ok" if need.met else "missing", reason=need.reason) for need in needs[1:]
    )
    findings.append(_ability("change", needs))
    return ProbeReport(
        host=target.name,
        address=target.address,
        port=target.port,
        platform=platform.name,
        facts=facts,
        findings=tuple(findings),
        undo=tuple(_undo(method, platform, needs) for method in ("native", "inverse", "restore")),
        confirm=_confirm(platform, needs),
    )


def _undo(method: Literal["native", "inverse", "restore"], platform: Platform, needs: tuple[Need, ...]) -> Finding:
    if method not in platform.undo_methods:
        return Finding(name=method, state="missing", reason=f"{platform.name} does not offer it")
    return _ability(method, needs)


def _confirm(platform: Platform, needs: tuple[Need, ...]) -> Finding:
    if isinstance(platform.timer, NoTimer):
        return Finding(name="confirm", state="missing", reason=f"{platform.name} has none: {platform.timer.reason}")
    found = _ability("confirm", needs)
    return Finding(name="confirm", state=found.state, reason=f"{platform.confirm}: {found.reason}")


def _ability(ability: Ability, needs: tuple[Need, ...]) -> Finding:
    wanting = [need for need in needs if ability in need.serves and not need.met]
    if wanting:
        return Finding(name=ability, state="missing", reason="; ".join(f"{n.name}: {n.reason}" for n in wanting))
    met = [need.name for need in needs if ability in need.serves]
    return Finding(name=ability, state="ok", reason=f"found: {', '.join(met)}" if met else "needs nothing special")


def _without_session(target: Target, reason: str) -> ProbeReport:
    return ProbeReport(
        host=target.name,
        address=target.address,
        port=target.port,
        platform=target.platform,
        findings=(Finding(name="session", state="missing", reason=reason),),
        confirm=Finding(name="confirm", state="unknown", reason="no session"),
    )
