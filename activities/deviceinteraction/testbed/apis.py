"""The APIs that run commands: Arista's eAPI and Cisco's NX-API, as their vendors describe them.

eAPI follows Arista, "Arista Command API" (the ``overview`` page that each switch serves): ``runCmds`` begins in user
mode, runs its commands in one shell and stops at the first that fails; a failure has the code 1002, and in
``error.data`` one entry for each command that was tried, the last with its ``errors``; a command may be an object with
``cmd`` and ``input``. NX-API follows Cisco, "Nexus 9000 Series NX-OS Programmability Guide, Release 10.3(x)", chapter
"NX-API CLI": JSON-RPC 2.0 in ``/ins``, one object or a list of them; a failed command answers with ``error`` (-32602,
``data.msg``) and HTTP 500, and none is run after it; a command that prompts cannot be run.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, assert_never

from activities.deviceinteraction.testbed.commands import Commands, Said
from activities.deviceinteraction.testbed.device import Device
from activities.deviceinteraction.testbed.model import ApiName
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.restconf import restconf
from activities.deviceinteraction.testbed.web import Handler, Request, Response

_REFUSED: Final = 1002
_INVALID: Final = -32602


def handler_of(api: ApiName, device: Device) -> Handler:
    """What answers the requests of an API of a device."""

    async def handler(request: Request) -> Response:
        def shell() -> Commands:
            return Commands(device, request.session, request.user)

        match api:
            case "eapi":
                return await eapi(request, shell)
            case "nxapi":
                return await nxapi(request, shell)
            case "restconf":
                assert isinstance(device, IndentedDevice), "the testbed's RESTCONF is that of IOS XE"
                return await restconf(request, device)
            case unknown:
                assert_never(unknown)

    return handler


async def eapi(request: Request, shell: Callable[[], Commands]) -> Response:
    """Answer a request of eAPI."""
    if request.path != "/command-api" or request.method != "POST":
        return Response(404, "Not found", "text/plain")
    try:
        asked = json.loads(request.body)
        params = asked["params"]
        cmds = list(params["cmds"])
    except (ValueError, KeyError, TypeError):
        return _json(200, {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}})
    if asked.get("method") != "runCmds" or params.get("format") != "text":
        return _json(200, {"jsonrpc": "2.0", "id": asked.get("id"), "error": {"code": -32601, "message": "Not here"}})
    commands = shell()
    results: list[dict[str, object]] = []
    try:
        for number, cmd in enumerate(cmds, 1):
            line = str(cmd["cmd"] if isinstance(cmd, Mapping) else cmd)
            typed = iter(str(cmd.get("input", "")).splitlines() if isinstance(cmd, Mapping) else ())
            said = await commands.run(line, typed)
            results.append({"output": said.text + "\n" if said.text else ""})
            if said.refused:
                results[-1]["errors"] = [_words(said)]
                message = f"CLI command {number} of {len(cmds)} '{line}' failed: could not run command"
                error = {"code": _REFUSED, "message": message, "data": results}
                return _json(200, {"jsonrpc": "2.0", "id": asked.get("id"), "error": error})
    finally:
        commands.close()
    return _json(200, {"jsonrpc": "2.0", "id": asked.get("id"), "result": results})


async def nxapi(request: Request, shell: Callable[[], Commands]) -> Response:
    """Answer a request of NX-API."""
    if request.path != "/ins" or request.method != "POST":
        return Response(404, "Not found", "text/plain")
    try:
        body = json.loads(request.body)
        asked = body if isinstance(body, list) else [body]
        lines = [(one["id"], str(one["params"]["cmd"])) for one in asked if one["method"] == "cli_ascii"]
    except (ValueError, KeyError, TypeError):
        return _json(500, {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}})
    commands = shell()
    answers: list[dict[str, object]] = []
    try:
        for number, line in lines:
            nothing: Iterator[str] = iter(())
            said = await commands.run(line, nothing)
            answer: dict[str, object] = {"jsonrpc": "2.0", "id": number}
            if said.refused:
                answer["error"] = {"code": _INVALID, "message": "Invalid params", "data": {"msg": f"{said.text}\n"}}
                return _json(500, [*answers, answer] if len(asked) > 1 else answer)
            answers.append(answer | {"result": {"msg": f"{said.text}\n"} if said.text else None})
    finally:
        commands.close()
    return _json(200, answers if len(asked) > 1 else answers[0])


def _words(said: Said) -> str:
    """A refusal as eAPI lists it: without the mark that a terminal prints in front."""
    return said.text.strip().removeprefix("% ")


def _json(status: int, value: Any) -> Response:  # noqa: ANN401  # JSON of any shape
    return Response(status, json.dumps(value), "application/json")
