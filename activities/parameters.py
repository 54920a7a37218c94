"""What a step hands to Ansible or AWX: variables, and the hosts that it is limited to.

In `with`, ``limit`` is the limit and all else are variables. A text is a pattern of Ansible's; a list names hosts or
groups, and no pattern can hide in a name. Nothing at all is refused as a limit: Ansible would take it for every host.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from workflows.errors import InvalidInputError

LIMIT: Final = "limit"
STEERING: Final = "ansible_"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# "Patterns: targeting hosts and groups" of Ansible's manual, without ``@``, which reads a file.
_PATTERN: Final = re.compile(r"[A-Za-z0-9_.:&!*,~()|\[\]\\^$+?/-]+")
_HOST: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is handed over. ``limit`` is a pattern; ``None`` for all hosts."""

    variables: Mapping[str, JsonValue]
    limit: str | None


def parameters_of(given: JsonValue) -> Parameters:
    """Divide what stands in `with`.

    Raises:
        InvalidInputError: A variable is none that Ansible could name or a definition may set, or the limit is none.
    """
    if given is not None and not isinstance(given, dict):
        raise InvalidInputError("`with` must be a map of variables")
    variables = {name: value for name, value in (given or {}).items() if name != LIMIT}
    for name in variables:
        if not _NAME.fullmatch(name):
            raise InvalidInputError(f"`{name[:50]}` is no name of a variable: letters, digits and `_`, no digit first")
        if name.startswith(STEERING):
            raise InvalidInputError(
                f"`{name[:50]}` steers Ansible itself (its connection, its interpreter); that is not a definition's to "
                "say, but the inventory's"
            )
    return Parameters(variables, _limit(given[LIMIT]) if given and LIMIT in given else None)


def _limit(value: JsonValue) -> str:
    match value:
        case str(pattern) if _PATTERN.fullmatch(pattern) and not pattern.startswith("-"):
            return pattern
        case list(hosts) if hosts and all(isinstance(host, str) and _HOST.fullmatch(host) for host in hosts):
            return ",".join(map(str, hosts))
        case None | "" | []:
            raise InvalidInputError("`limit` names nobody, which Ansible would take for every host; use `when`")
        case _:
            raise InvalidInputError(
                f"`limit` is {str(value)[:50]!r}, which is neither a pattern of hosts nor a list of their names"
            )
