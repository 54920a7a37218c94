"""Arista's eAPI: ``runCmds`` by JSON-RPC over HTTPS, each request a shell of its own.

Sources: Arista, "Arista Command API" (the ``overview`` page that each switch serves: ``runCmds`` with ``version``,
``cmds`` and ``format``; a failed request carries in ``error.data`` what the commands before the failed one said, and of
that one its ``errors``; ``{"cmd": …, "input": …}`` answers a command that prompts, ``enable`` with its password among
them); Arista, "EOS User Manual", chapter "Configure Session" (a session that is left stays pending, and may be entered
again by its name; ``configure session NAME commit`` and ``… abort`` end it without entering it).

A question is answered before it is seen: ``input`` is handed over with the command. So only what is declared in its
turn is answered, and whether the questions were those is judged by what the command printed. One that nothing is
declared for finds no input, and its command fails.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import Target
from activities.deviceinteraction.transport.commandapi import Ran, given_up, refused, understood
from activities.deviceinteraction.transport.https import Https, Reply
from activities.deviceinteraction.transport.protocol import Answer

PATH: Final = "/command-api"
_OF_A_COMMAND: Final = range(1000, 2000)  # error codes that speak of a command; others of the request


class Eapi:
    """See `Api`."""

    hostname = "show hostname"

    def __init__(self, https: Https, target: Target) -> None:
        self._https = https
        self._target = target
        self._number = 0

    def named(self, answer: str) -> str:
        """See `Api.named`."""
        found = re.search(r"^Hostname:\s*(\S+)", answer, re.MULTILINE)
        return found[1] if found else ""

    async def run(self, commands: Sequence[str], *, within: timedelta | None, answers: Sequence[Answer] = ()) -> Ran:
        """See `Api.run`: one request, which begins with ``enable``."""
        self._number += 1
        secret = self._target.credential.enable_secret
        enable: Any = "enable" if secret is None else {"cmd": "enable", "input": secret.get_secret_value()}
        cmds: list[Any] = [enable, *commands]  # Any: a command is text, or an object with what it is answered
        turned = sorted((answer.turn, answer.reply) for answer in answers if answer.turn is not None)
        if turned:
            cmds[-1] = {"cmd": commands[-1], "input": "".join(f"{reply}\n" for _, reply in turned)}
        request = {
            "jsonrpc": "2.0",
            "method": "runCmds",
            "params": {"version": 1, "cmds": cmds, "format": "text"},
            "id": str(self._number),
        }
        headers = {"Content-Type": "application/json-rpc"}
        reply = await self._https.request("POST", PATH, body=json.dumps(request), headers=headers, within=within)
        return self._ran(reply, len(cmds))

    def _ran(self, reply: Reply, sent: int) -> Ran:
        said = understood(reply, self._target, self._https, "eAPI (`management api http-commands`)")
        error = said.get("error") if isinstance(said, Mapping) else None
        found = said.get("result") if isinstance(said, Mapping) else None
        if isinstance(error, Mapping):
            code, told = error.get("code"), str(error.get("message", ""))
            results = error.get("data")
            if code not in _OF_A_COMMAND:
                raise given_up(self._https, f"{self._target.name}: eAPI refused the request: {told} ({code}).")
            if not isinstance(results, list) or not results or len(results) > sent:
                raise given_up(self._https, f"{self._target.name}: eAPI does not say which command failed: {told}")
            texts = [_text(result) for result in results]
            texts[-1] = refused(_errors(results[-1]) or told)
            if len(texts) == 1:
                raise Permanent(
                    f"{self._target.name}: enable was refused; it is not tried again: {texts[0]} Check the enable "
                    "secret and the user's rights."
                )
            return Ran(tuple(texts[1:]), refused=True)
        if not isinstance(found, list) or len(found) != sent:
            raise given_up(self._https, f"{self._target.name}: eAPI answered something else than {sent} results.")
        return Ran(tuple(_text(result) for result in found[1:]))


def _text(result: Any) -> str:  # noqa: ANN401  # of JSON
    if not isinstance(result, Mapping):
        return ""
    said = [str(result.get("output", "")), *map(str, result.get("messages") or [])]
    return "\n".join(part for part in said if part)


def _errors(result: Any) -> str:  # noqa: ANN401  # of JSON
    errors = result.get("errors") if isinstance(result, Mapping) else None
    return "\n".join(map(str, errors)) if isinstance(errors, list) else ""
