"""What a condition shows about null: after ``x is not none and …`` the rest may use ``x``."""

from typing import Final

from workflows.definition.trees import path_of
from workflows.plan import Compare, Constant, Expr, Logic, Not, Test

Known = frozenset[str]  # paths that a guard has shown to be there and not null
NOTHING: Final[Known] = frozenset()


def shown(test: Expr, *, holds: bool) -> Known:
    """The paths that are not null once a condition has the given outcome."""
    match test:
        case Not():
            return shown(test.of, holds=not holds)
        case Logic() if (test.op == "and") == holds:
            return shown(test.left, holds=holds) | shown(test.right, holds=holds)
        case Test(name="none") if not holds:
            path = path_of(test.of)
            return frozenset({path}) if path else NOTHING
        case Compare() if len(test.rest) == 1 and test.rest[0][0] == ("!=" if holds else "=="):
            path = path_of(test.first)
            null = isinstance(test.rest[0][1], Constant) and test.rest[0][1].value is None
            return frozenset({path}) if path and null else NOTHING
        case _:
            return NOTHING
