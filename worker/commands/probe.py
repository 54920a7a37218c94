"""`python -m worker probe HOST`: look at one device and say what netsaga could do with it. Read-only.

It needs no Temporal server. The device library does the looking; this file prints what it saw.
"""

from activities.deviceinteraction.probing import Finding, ProbeReport, probe
from worker.ports import host_keys
from worker.settings import Settings
from worker.targets import Wanted, find_target

MARKS = {"ok": "ok     ", "missing": "MISSING", "unknown": "unknown"}


async def probe_host(settings: Settings, wanted: Wanted, *, as_json: bool) -> int:
    """Probe and print; 0 where netsaga could change the device and take the change back, else 1.

    Raises:
        TargetError: The device or its credential cannot be found.
    """
    target = await find_target(settings, wanted)
    report = await probe(target, host_keys=host_keys(settings.ssh))
    print(report.model_dump_json(indent=2) if as_json else _text(report))
    return 0 if report.usable else 1


def _text(report: ProbeReport) -> str:
    lines = [f"{report.host} ({report.platform}) at {report.address} port {report.port}"]
    if report.facts is not None:
        facts = report.facts
        serial = f", serial {facts.serial}" if facts.serial else ""
        lines.append(f"  calls itself {facts.hostname}: {facts.vendor} {facts.model}, {facts.version}{serial}")
    for title, findings in (
        ("looked at", report.findings),
        ("ways to undo, in the usual order", report.undo),
        ("confirm: would revert by itself if the link were lost", (report.confirm,)),
    ):
        if findings:
            lines += ["", title, *(_line(finding) for finding in findings)]
    verdict = "can be changed, and the change taken back" if report.usable else "is not ready to be changed"
    return "\n".join([*lines, "", f"{report.host} {verdict}"])


def _line(finding: Finding) -> str:
    return f"  {MARKS[finding.state]} {finding.name}: {finding.reason}"
