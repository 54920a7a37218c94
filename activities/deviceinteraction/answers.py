"""Judging what a device says: refusals of configuration lines and of show commands, and log lines in between.

Pure functions over text. The markers are those of device-safety rule 7, widened by the forms that the vendors' command
references print: Cisco "% Invalid input detected at '^' marker.", NX-OS "ERROR: ...", Arista "% Invalid input", Junos
"syntax error, expecting <command>." and "error: ...", SR Linux "Parsing error: ..." and SR OS "MINOR: ...".
"""

import re

_REFUSAL = re.compile(
    r"""
    ^\s*%\s?(?!warning|info|note|notice|\w+-\d-\w+)\w    # "% Invalid input …"; not "% Warning", not "%SYS-5-CONFIG_I"
    | ^\s*command\s+rejected
    | authorization\s+failed
    | permission\s+denied
    | ^\s*(?:parsing\s+)?error\s*:                        # SR Linux: "Parsing error: Unknown token"
    | ^\s*(?:minor|major|critical):\s\w+\s\#\d+            # SR OS: "MINOR: MGMT_CORE #2201: Unknown element"
    | ^\s*syntax\s+error
    | ^\s*(?:\^\s*)?unknown\s+command
    | missing\s+(?:mandatory\s+)?argument
    | ^\s*invalid\s+(?:numeric\s+value|command|value|input)
    | \bis\s+ambiguous\b
    | no\s+valid\s+completions
    | configuration\s+check-out\s+failed
    | ^\w+d\ is\ not\ running$                             # FRR: the daemon that the line is for has died
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_HINTS = (  # one of them is in each refusal
    "%",
    "rejected",
    "failed",
    "denied",
    "error",
    "minor",
    "major",
    "critical",
    "unknown",
    "missing",
    "invalid",
    "ambiguous",
    "completions",
    "not running",
)
_LOG_LINE = re.compile(
    r"^(?:\*|\.)?(?:\d{4}\s)?[A-Z][a-z]{2}\s+\d{1,2}\s(?:\d{4}\s)?\d\d:\d\d:\d\d(?:\.\d+)?[^%\n]*%[A-Z0-9_]+-\d-\w+:.*\n?",
    re.MULTILINE,
)
_A_SHORT_ANSWER_LINES = 8


def refusal(answer: str) -> str | None:
    """The words with which a device refused a configuration line, or ``None`` where it took it."""
    lowered = answer.lower()
    if not any(hint in lowered for hint in _HINTS):  # a plain search costs a hundredth of the pattern
        return None
    match = _REFUSAL.search(answer)
    return None if match is None else _sentence(answer, match)


def refused_show(answer: str) -> str | None:
    """The words with which a device refused a show command, or ``None``.

    Only short answers are judged, since a long one, such as a log or a configuration, may quote any of the markers.
    """
    lines = [line for line in answer.splitlines() if line.strip()]
    if len(lines) > _A_SHORT_ANSWER_LINES:
        return None
    return refusal("\n".join(lines))


def without_log_lines(answer: str) -> str:
    """The answer without syslog lines that the device wrote in between (device-safety rule 11)."""
    return _LOG_LINE.sub("", answer) if "%" in answer else answer


def _sentence(answer: str, match: re.Match[str]) -> str:
    start = answer.rfind("\n", 0, match.start() + 1) + 1
    lines = [line.strip() for line in answer[start:].splitlines() if line.strip(" ^")]
    return " ".join(lines[:2])
