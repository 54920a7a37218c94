"""What a run is given against what its definition declares: inputs, and the payloads of signals.

Everything wrong is said at once.

Pure. Text becomes another type only in `coerce_text`, which command lines use: in JSON and YAML `"42"` is text.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from pydantic import JsonValue

from workflows.durations import parse_duration
from workflows.failures import InvalidInputError
from workflows.plan import Input
from workflows.suggest import did_you_mean

_MAC: Final = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,252}[A-Za-z0-9])?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def check_inputs(
    declared: Mapping[str, Input], given: Mapping[str, JsonValue], what: str = "input"
) -> dict[str, JsonValue]:
    """The inputs of a run, defaults filled in, in the order of the declaration.

    Args:
        declared: `Plan.inputs`, or the payload of a signal.
        given: What the request says, or the signal.
        what: What one of them is called in messages.

    Raises:
        InvalidInputError: It names every unknown, missing and unfit input at once.
    """
    problems = [
        f"unknown {what} `{name}`: {did_you_mean(name, declared, f'{what}s are')}"
        for name in given
        if name not in declared
    ]
    resolved: dict[str, JsonValue] = {}
    for name, one in declared.items():
        value = given.get(name)
        if name in given and value is not None:
            problem = problem_of(one, value)
            if problem:
                problems.append(f"{what} `{name}`: {problem}")
            resolved[name] = filled(one, value) if not problem else value
        elif one.required:
            about = f" ({one.description})" if one.description else ""
            problems.append(f"missing {what} `{name}`: {_wanted(one)}{about}")
        else:
            resolved[name] = filled(one, one.default)
    if problems:
        raise InvalidInputError("\n".join(problems))
    return resolved


def coerce_text(declared: Mapping[str, Input], given: Mapping[str, str]) -> dict[str, JsonValue]:
    """Inputs from a command line, each text read as the declared type would be written.

    What cannot be read stays text, so that `check_inputs` says what is wrong with it; unknown names stay too.
    """
    return {name: _coerce(declared[name], text) if name in declared else text for name, text in given.items()}


def _coerce(declared: Input, text: str) -> JsonValue:
    match declared.type:
        case "integer" | "vlan_id":
            return int(text) if re.fullmatch(r"-?\d{1,18}", text.strip()) else text
        case "number" | "boolean" | "list" | "map" | "enum":
            try:
                value: JsonValue = json.loads(text)
            except ValueError:
                return text
            if declared.type == "enum":
                return value if text not in declared.values and value in declared.values else text
            return value
        case _:
            return text


def problem_of(declared: Input, value: JsonValue) -> str | None:
    """What is wrong with a value, as `expected …, found …`; None if it fits."""
    fits, wanted = _TYPES[declared.type]
    if not fits(value):
        return f"expected {wanted}, found {_shown(value)}"
    return _beyond_limits(declared, value) or _unfit_part(declared, value)


def filled(declared: Input, value: JsonValue) -> JsonValue:
    """A fitting value with the defaults of its properties, so that expressions find each of them."""
    if isinstance(value, list) and declared.items is not None:
        return [filled(declared.items, one) for one in value]
    if isinstance(value, dict) and declared.properties:
        return {
            name: filled(one, value[name]) if value.get(name) is not None else one.default
            for name, one in declared.properties.items()
        }
    return value


def _unfit_part(declared: Input, value: JsonValue) -> str | None:
    """The first thing that is wrong inside a list or a map, with its way there."""
    if isinstance(value, list) and declared.items is not None:
        for number, item in enumerate(value, start=1):
            problem = problem_of(declared.items, item)
            if problem:
                return f"item {number}: {problem}"
    if isinstance(value, dict) and declared.properties:
        for name in value:
            if name not in declared.properties:
                return f"unknown property `{name}`: {did_you_mean(name, declared.properties, 'properties are')}"
        for name, one in declared.properties.items():
            if value.get(name) is None:
                if one.required:
                    return f"missing property `{name}`: {_wanted(one)}"
                continue
            problem = problem_of(one, value[name])
            if problem:
                return f"property `{name}`: {problem}"
    return None


def _beyond_limits(declared: Input, value: JsonValue) -> str | None:
    if isinstance(value, str):
        return _unfit_text(declared, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if declared.minimum is not None and value < declared.minimum:
            return f"expected {declared.minimum:g} or more, found {value}"
        if declared.maximum is not None and value > declared.maximum:
            return f"expected {declared.maximum:g} or less, found {value}"
    if isinstance(value, list | dict):
        problem = _unfit_length(declared, len(value), "items")
        if problem:
            return problem
    return _unlisted(declared, value)


def _unfit_text(declared: Input, value: str) -> str | None:
    control = (_CONTROL_BUT_LINES if declared.multiline else _CONTROL).search(value)
    if control:
        more = "" if declared.multiline else "; `multiline: true` in the definition allows line breaks"
        return f"expected printable text, found the control character {control[0]!a}{more}"
    if declared.pattern is not None and not re.search(declared.pattern, value):
        return f"expected text that matches {declared.pattern}, found {_shown(value)}"
    return _unfit_length(declared, len(value), "characters") or _unlisted(declared, value)


def _unfit_length(declared: Input, length: int, unit: str) -> str | None:
    if declared.min_length is not None and length < declared.min_length:
        return f"expected at least {declared.min_length} {unit}, found {length}"
    if declared.max_length is not None and length > declared.max_length:
        return f"expected at most {declared.max_length} {unit}, found {length}"
    return None


def _unlisted(declared: Input, value: JsonValue) -> str | None:
    if declared.type != "enum" or any(value == one and type(value) is type(one) for one in declared.values):
        return None
    return f"expected one of {', '.join(_shown(one) for one in declared.values)}, found {_shown(value)}"


def _wanted(declared: Input) -> str:
    wanted = _TYPES[declared.type][1]
    if declared.type == "enum":
        return f"expected one of {', '.join(_shown(one) for one in declared.values)}"
    return f"expected {wanted}" + (f" that matches {declared.pattern}" if declared.pattern else "")


def _shown(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    kind = {bool: "boolean", int: "integer", float: "number", str: "text", list: "list", dict: "map"}.get(
        type(value), "null"
    )
    return f"the {kind} {text}" if len(text) <= 80 else f"a {kind} of {len(text)} characters"


def _parsed(parse: Callable[[str], object]) -> Callable[[JsonValue], bool]:
    def fits(value: JsonValue) -> bool:
        if not isinstance(value, str):
            return False
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return fits


def _matching(pattern: re.Pattern[str]) -> Callable[[JsonValue], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _integer(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_TYPES: Final[dict[str, tuple[Callable[[JsonValue], bool], str]]] = {
    "string": (lambda value: isinstance(value, str), "text"),
    "integer": (_integer, "an integer"),
    "number": (lambda value: isinstance(value, int | float) and not isinstance(value, bool), "a number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "enum": (lambda value: not isinstance(value, list | dict), "one of the listed values"),
    "list": (lambda value: isinstance(value, list), "a list"),
    "map": (lambda value: isinstance(value, dict), "a map"),
    "duration": (_parsed(parse_duration), "a duration as `30s`, `5m` or `2h`"),
    "host": (_matching(_HOST), "the name of a device"),
    "ipv4_address": (_parsed(ipaddress.IPv4Address), "an IPv4 address"),
    "ipv4_network": (_parsed(ipaddress.IPv4Network), "an IPv4 network without host bits, as `10.1.2.0/24`"),
    "ipv6_address": (_parsed(ipaddress.IPv6Address), "an IPv6 address"),
    "ipv6_network": (_parsed(ipaddress.IPv6Network), "an IPv6 network without host bits, as `2001:db8::/64`"),
    "mac_address": (_matching(_MAC), "a MAC address"),
    "vlan_id": (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 4094,
        "a VLAN id from 1 to 4094",
    ),
}
