"""Rows by a regular expression or a TTP template of the definition's own. Pure CPU; `bounded.py` says where it runs.

TTP templates can hold Python, read files and ask the network. A definition is text that somebody sends, so of TTP
only what reads the answer is allowed: groups, variables and the functions that judge or form one match.
"""

import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from pydantic import JsonValue

from activities.deviceinteraction.failures import CheckFailed, InvalidInput
from activities.deviceinteraction.parse.templates import rows_of_template

_TAGS: Final = frozenset({"group", "template", "doc"})
_ATTRIBUTES: Final = frozenset({"name", "method", "default", "contains", "containsall", "exclude", "results"})
_TAG: Final = re.compile(r"<\s*/?\s*(?P<name>[A-Za-z]\w*)(?P<rest>[^>]*)>")
_ATTRIBUTE: Final = re.compile(r"([A-Za-z_]\w*)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_MATCH: Final = re.compile(r"\{\{(?P<inside>.*?)\}\}", re.DOTALL)
# Functions of a match that run code, read files, ask the network, or keep state between answers.
_REFUSED: Final = frozenset(
    {"macro", "dns", "rdns", "geoip_lookup", "lookup", "rlookup", "gpvlookup", "record", "copy", "raise", "let"}
)
_FUNCTION: Final = re.compile(r"\|\s*([A-Za-z_]\w*)")


def rows_of_pattern(pattern: str, output: str) -> list[JsonValue]:
    """A row for each match of a regular expression; its named groups are the columns, empty where one took no part.

    ``^`` and ``$`` stand for the start and the end of a line.
    """
    return [dict(match.groupdict(default="")) for match in _compiled(pattern).finditer(output)]


def rows_of_ttp(template: str, output: str) -> list[JsonValue]:
    """What a TTP template finds: a list of its results.

    Raises:
        InvalidInput: The template has what is not allowed, or is none.
    """
    check_ttp(template)
    # Slow to load, and rarely needed. It ships no types.
    from ttp import ttp  # type: ignore[import-untyped]  # noqa: PLC0415

    logging.getLogger("ttp").setLevel(logging.CRITICAL + 1)  # its log quotes what a device said
    try:
        parser: Any = ttp(data=output, template=template, log_level="CRITICAL")
        parser.parse(one=True)
        found: list[JsonValue] = parser.result(structure="flat_list")
    except Exception as error:  # it raises whatever its parts raise
        raise InvalidInput(f"the TTP template cannot be used: {type(error).__name__}: {error}") from error
    return [one for one in found if one not in ({}, [])]


def check_ttp(template: str) -> None:
    """Refuse a TTP template that does more than read an answer.

    Raises:
        InvalidInput: With the tag, attribute or function that is not allowed.
    """
    for tag in _TAG.finditer(template):
        _allow("the tag", tag["name"], _TAGS)
        for attribute in _ATTRIBUTE.findall(tag["rest"]):
            _allow("the attribute", attribute, _ATTRIBUTES)
        left = _ATTRIBUTE.sub("", tag["rest"]).strip(" /\t\r\n")
        if left:
            raise InvalidInput(f'the TTP template has {left!r} in a tag; write attributes as `name="value"`.')
    for match in _MATCH.finditer(template):
        for function in _FUNCTION.findall(match["inside"]):
            if function in _REFUSED:
                raise InvalidInput(f"the TTP template uses `{function}`, which netsaga does not allow in templates.")


def _allow(what: str, name: str, known: frozenset[str]) -> None:
    if name not in known:
        raise InvalidInput(
            f"the TTP template has {what} `{name}`, which is not allowed; allowed are {', '.join(sorted(known))}."
        )


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise InvalidInput(f"{pattern!r} is no regular expression: {error}.") from error


def parse(request: Mapping[str, str]) -> list[JsonValue]:
    """The rows that a request asks for: ``pattern``, ``ttp`` or ``textfsm``, and the ``output``."""
    if "textfsm" in request:
        return rows_of_template(request["textfsm"], request["output"])
    if "pattern" in request:
        return rows_of_pattern(request["pattern"], request["output"])
    if "ttp" in request:
        return rows_of_ttp(request["ttp"], request["output"])
    raise CheckFailed("a request to parse names neither a pattern nor a template")
