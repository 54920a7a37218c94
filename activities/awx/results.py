"""What came of a job: the result of the step, its log, and what is said where it did not succeed."""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from activities.answers import Refused
from activities.awx.controller import Controller, HostSummary, Launched
from workflows.errors import FailureType

MOST_HOSTS: Final = 1_000  # of more, only the numbers are told
NAMED: Final = 5
QUOTED: Final = 160


async def hosts_of(controller: Controller, job: Launched) -> list[HostSummary] | None:
    """What was done on each host, as far as AWX tells; ``None`` for very many, and for workflows."""
    if job.type == "workflow_job":
        return None
    try:
        return await controller.hosts(job, MOST_HOSTS)
    except Refused:
        return None  # how it ended is known, and matters more


async def log_of(controller: Controller, job: Launched) -> str:
    """What it printed; of a workflow, what it ran and how that ended. Empty where it cannot be had."""
    try:
        if job.type == "job":
            return await controller.stdout(job)
        return "".join(f"{_node(ran)}\n" for ran in await controller.nodes(job))
    except Refused as refused:
        return f"What {job.name} printed cannot be had: {refused.message}\n"


def _node(ran: Mapping[str, JsonValue]) -> str:
    return f"{ran.get('type', 'job')} {ran.get('id')} {ran.get('name', '')!r}: {ran.get('status', 'unknown')}"


def result_of(job: Launched, hosts: list[HostSummary] | None, address: str) -> JsonValue:
    """What the step yields. ``set_stats`` is what AWX calls artifacts; a workflow has none."""
    stats = job.artifacts if isinstance(job.artifacts, dict) else {}  # a text where a value was under `no_log`
    return {
        "id": job.id,
        "type": job.type,
        "status": job.status,
        "url": address,
        "hosts": None if hosts is None else {host.host_name: _counts(host) for host in hosts},
        "totals": None if hosts is None else _totals(hosts),
        "set_stats": stats,
    }


def _counts(host: HostSummary) -> dict[str, JsonValue]:
    return {
        "ok": host.ok,
        "changed": host.changed,
        "unreachable": host.dark,
        "failed": host.failures,
        "skipped": host.skipped,
        "rescued": host.rescued,
        "ignored": host.ignored,
    }


def _totals(hosts: list[HostSummary]) -> dict[str, JsonValue]:
    return {
        "hosts": len(hosts),
        "changed": sum(host.changed > 0 for host in hosts),
        "failed": sum(host.failures > 0 for host in hosts),
        "unreachable": sum(host.dark > 0 for host in hosts),
    }


def judged(job: Launched, hosts: list[HostSummary] | None) -> tuple[FailureType, str] | None:
    """The class of what went wrong and what is said of it; ``None`` where it succeeded."""
    why = f": {' '.join(job.job_explanation.split())[:QUOTED]}" if job.job_explanation.strip() else ""
    match job.status:
        case "successful":
            return None
        case "canceled":
            return "cancelled", f"was cancelled in AWX{why}"
        case "error":
            return "block_degraded", f"could not be run by AWX{why}"
        case _:
            return "check_failed", f"failed{_where(hosts or [])}{why}"


def _where(hosts: list[HostSummary]) -> str:
    failed = [host.host_name for host in hosts if host.failures]
    unreachable = [host.host_name for host in hosts if host.dark]
    said = [
        f"{what} {len(names)} of {len(hosts)} hosts ({', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''})"
        for what, names in (("on", failed), ("without reaching", unreachable))
        if names
    ]
    return f" {' and '.join(said)}" if said else ""
