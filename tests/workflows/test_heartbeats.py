"""Every activity of a run and of the guard is called with a heartbeat: a worker that dies in it is noticed at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import workflows

CALLS = frozenset({"execute_activity", "start_activity"})
WITHOUT = frozenset({"REQUEST_CANCEL"})  # ten seconds at most, and all else is done by then


def calls_of_activities() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(Path(workflows.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
                yield f"{path.name}:{node.lineno}", node


def has_heartbeat(call: ast.Call) -> bool:
    said = {(word.arg, ast.unparse(word.value)) for word in call.keywords}
    return bool(said & {("heartbeat_timeout", "calls.HEARTBEAT"), (None, "calls.STORE")})


def test_every_activity_is_called_with_a_heartbeat() -> None:
    found = dict(calls_of_activities())
    assert len(found) > 20
    named = {place: ast.unparse(call.args[0]).removeprefix("contracts.") for place, call in found.items()}
    assert [place for place, call in found.items() if not has_heartbeat(call) and named[place] not in WITHOUT] == []
