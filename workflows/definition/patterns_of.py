"""Reports regular expressions of a definition that are not valid, or that could run for ever."""

from collections.abc import Callable

from workflows.definition.diagnostics import Findings, Span
from workflows.patterns import Mistake, Pattern, check_pattern


def report_pattern(text: str, place: Callable[[int, int], Span], findings: Findings) -> Pattern | None:
    """Checks a pattern.

    Args:
        text: The pattern.
        place: Where a part of it stands: characters from 0.
        findings: Where a mistake goes.

    Returns:
        The pattern, None where it is refused.
    """
    checked = check_pattern(text)
    if isinstance(checked, Mistake):
        code = "NS208" if checked.endless else "NS207"
        findings.add(code, checked.message, place(checked.start, checked.end), checked.hint)
        return None
    return checked
