"""What `callback/netsaga.py` wrote down: the result of a step, and what it means for the step.

Ansible's status alone says little (2: a host failed, 4: one was unreachable, 1 and 5: it could not begin); the report
says which hosts, and with what. A playbook that met no host at all has done nothing, and is no success.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from activities.deviceinteraction.redaction import HIDDEN
from activities.leash import CANNOT_START
from activities.processes import Ended
from workflows.contracts import INLINE
from workflows.errors import FailureType
from workflows.wording import some

SHORTEST: Final = 4  # characters of a secret that is looked for; shorter ones would riddle every text with holes
NAMED: Final = 5  # hosts that a message names
QUOTED: Final = 160  # characters of one reason


class ReportError(ValueError):
    """A report that says more than a run can keep."""


class HostReport(BaseModel):
    """What a play did on one host, in numbers as the recap on a terminal has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: int
    changed: int
    unreachable: int
    failed: int
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0
    set_stats: Mapping[str, JsonValue] = {}


class Report(BaseModel):
    """All of it; ``said`` has the last thing with which a host failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: Mapping[str, HostReport]
    set_stats: Mapping[str, JsonValue] = {}
    said: Mapping[str, str] = {}

    def having(self, what: Literal["changed", "failed", "unreachable"]) -> list[str]:
        """The hosts for which this is not zero."""
        return [name for name, host in self.hosts.items() if getattr(host, what)]

    def result(self, secrets: Sequence[str] = ()) -> JsonValue:
        """What the step yields, without what must not be seen.

        Raises:
            ReportError: What `set_stats` set is more than a run can keep; of very many hosts only their numbers are.
        """
        found: dict[str, JsonValue] = {
            "hosts": {name: host.model_dump(mode="json") for name, host in self.hosts.items()},
            "totals": {"hosts": len(self.hosts), **{what: len(self.having(what)) for what in _COUNTED}},
            "set_stats": dict(self.set_stats),
        }
        if _size(found) > INLINE:
            found["hosts"] = None
        if _size(found) > INLINE:
            raise ReportError(
                f"set {_size(found):,} bytes with `set_stats`, and a run can keep {INLINE:,}; say less, and leave what "
                "is large elsewhere"
            )
        return _without([secret for secret in secrets if len(secret) >= SHORTEST], found)


_COUNTED: Final[tuple[Literal["changed", "failed", "unreachable"], ...]] = ("changed", "failed", "unreachable")


def _without(secrets: Sequence[str], value: JsonValue) -> JsonValue:
    """The same without secrets in any text; names of hosts and of values stay."""
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, HIDDEN)
            return value
        case list():
            return [_without(secrets, item) for item in value]
        case dict():
            return {key: _without(secrets, item) for key, item in value.items()}
        case _:
            return value


def _size(value: JsonValue) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def read_report(path: Path) -> Report | None:
    """The report, or ``None`` where there is none, or half of one."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def judged(report: Report | None, ended: Ended, limit_s: float) -> tuple[FailureType, str] | None:
    """The class of what went wrong and what is said of it; ``None`` where nothing did."""
    last = next(iter(_last_lines(ended.stderr)), "")
    match ended.status:
        case "timeout":
            return "outcome_unknown", f"was ended, for it did not finish within {limit_s:g} s{_colon(last)}"
        case "flood":
            raise AssertionError("its output goes where the end is kept")
        case status if status == CANNOT_START:
            return (
                "permanent",
                f"{last or 'cannot be started'}. Check `program` under `ansible` in the worker's settings",
            )
        case status if status < 0:
            return "check_failed", f"was killed by signal {-status}{_colon(last)}"
        case status if report is None and status != 0:
            return "check_failed", f"ended with status {status} and left no report{_colon(_complaint(ended.stderr))}"
        case status if report is None:
            return "check_failed", (
                "ended well and left no report: its Ansible does not load callback plugins from "
                "ANSIBLE_CALLBACK_PLUGINS; ansible-core 2.16 or newer is needed"
            )
        case status:
            return _of_hosts(report, status, last)


def _of_hosts(report: Report, status: int, last: str) -> tuple[FailureType, str] | None:
    failed, unreachable = report.having("failed"), report.having("unreachable")
    if failed:
        also = f", and could not reach {some(unreachable, NAMED)}" if unreachable else ""
        return "check_failed", f"failed on {_of(failed, report)}{also}{_reason(report, failed)}"
    if unreachable:
        return "unreachable", f"could not reach {_of(unreachable, report)}{_reason(report, unreachable)}"
    if status != 0:
        return "check_failed", f"ended with status {status}{_colon(last)}"
    if not report.hosts:
        return "check_failed", "met no host: nothing in the inventory is meant by its plays and its limit"
    return None


def _of(hosts: list[str], report: Report) -> str:
    return f"{len(hosts)} of {len(report.hosts)} hosts ({some(hosts, NAMED)})"


def _reason(report: Report, hosts: list[str]) -> str:
    said = next(((host, report.said[host]) for host in hosts if host in report.said), None)
    return f"; {said[0]} in {said[1][:QUOTED]}" if said else ""


def _complaint(text: str) -> str:
    """Where Ansible says what is wrong; what follows is only where it looked."""
    errors = (line for line in _last_lines(text) if "ERROR" in line)
    return next(errors, "") or next(iter(_last_lines(text)), "")


def _last_lines(text: str) -> Iterator[str]:
    return (line.strip()[:QUOTED] for line in reversed(text.splitlines()) if line.strip())


def _colon(said: str) -> str:
    return f": {said}" if said else ""
