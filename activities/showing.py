"""The actions that read: one command and its answer as the definition wants it parsed, and what a snapshot takes."""

import json
from collections.abc import Mapping
from typing import assert_never, get_args

from pydantic import JsonValue

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import Journal, Section
from activities.deviceinteraction.parse.bounded import parse_pattern, parse_template, parse_ttp
from activities.deviceinteraction.session import Session
from workflows.plan import RunAction, ShowAction, SnapshotAction


async def show(session: Session, action: ShowAction, command: str, templates: Mapping[str, str]) -> JsonValue:
    """The answer of a device: text, rows or JSON.

    Args:
        session: With whom.
        action: How the answer is parsed.
        command: What is sent, its expressions already evaluated.
        templates: Of the plan, by name.

    Raises:
        DeviceFailure: As `Session.show`; `CheckFailed` where the answer is not what the parser expects.
    """
    return await _parsed(session, action, command, await session.show(command), templates, action.min_rows)


async def run(
    session: Session, action: RunAction, command: str, templates: Mapping[str, str], journal: Journal | None
) -> JsonValue:
    """What a command on a Linux machine writes: text, rows or JSON.

    Args:
        session: With whom.
        action: How it is parsed.
        command: What is run, its expressions already evaluated.
        templates: Of the plan, by name.
        journal: Of a command that has an effect; ``None`` for one that reads.

    Raises:
        DeviceFailure: As `Session.run`; `CheckFailed` where the answer is not what the parser expects.
    """
    return await _parsed(session, action, command, await session.run(command, journal), templates, 0)


async def _parsed(
    session: Session,
    action: ShowAction | RunAction,
    command: str,
    output: str,
    templates: Mapping[str, str],
    min_rows: int,
) -> JsonValue:
    match action.parse:
        case "none":
            return output
        case "textfsm":
            if action.pattern is None:
                return list(await session.parse(command, output, min_rows=min_rows))
            rows = await parse_template(templates[action.pattern], output)
        case "json":
            try:
                document: JsonValue = json.loads(output)
            except ValueError as error:
                raise CheckFailed(f"`{command}` did not answer with JSON: {error}; see the transcript.") from None
            if isinstance(document, list):
                session.demand_rows(command, document, min_rows)
            return document
        case "regex":
            rows = await parse_pattern(_named(action), output)
        case "ttp":
            rows = await parse_ttp(templates[_named(action)], output)
        case _:
            assert_never(action.parse)
    session.demand_rows(command, rows, min_rows)
    return rows


def _named(action: ShowAction | RunAction) -> str:
    assert action.pattern is not None, "the compiler demands it"
    return action.pattern


def sections_of(action: SnapshotAction) -> tuple[Section, ...]:
    """The sections that the device library knows; `prepare` refuses a snapshot of others."""
    known: tuple[Section, ...] = get_args(Section)
    return tuple(section for section in known if section in action.sections)
