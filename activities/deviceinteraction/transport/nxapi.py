"""Cisco's NX-API CLI: commands as JSON-RPC ``cli_ascii`` over HTTPS, several in one request in the order given.

Sources: Cisco, "Nexus 9000 Series NX-OS Programmability Guide, Release 10.3(x)", chapter "NX-API CLI" (JSON-RPC;
``cli_ascii`` answers as a terminal prints; a request's commands share a mode and stop at the first that fails; a failed
one answers with ``error``, whose ``data.msg`` is what a terminal would print, and HTTP 500; no command runs longer than
five minutes); Cisco, "MDS 9000 Series Programmability Guide, Release 9.x", chapter "NX-API" (only commands that do not
prompt).

So a command that asks back is refused here before it is sent: nobody could answer it. Saving does not ask over NX-API.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import Target
from activities.deviceinteraction.transport.commandapi import Ran, given_up, refused, understood
from activities.deviceinteraction.transport.https import Https, Reply
from activities.deviceinteraction.transport.protocol import Answer

PATH: Final = "/ins"
_ASKS_ONLY_IN_A_SHELL: Final = frozenset({"copy running-config startup-config"})


class Nxapi:
    """See `Api`."""

    hostname = "show hostname"

    def __init__(self, https: Https, target: Target) -> None:
        self._https = https
        self._target = target

    def named(self, answer: str) -> str:
        """See `Api.named`."""
        return answer.strip().partition(".")[0]

    async def run(self, commands: Sequence[str], *, within: timedelta | None, answers: Sequence[Answer] = ()) -> Ran:
        """See `Api.run`: one request.

        Raises:
            Permanent: The last command asks back.
        """
        if answers and commands[-1] not in _ASKS_ONLY_IN_A_SHELL:
            raise Permanent(
                f"{self._target.name}: {commands[-1]!r} asks back, and NX-API runs only commands that do not. Nothing "
                "was sent. Reach the device by SSH for it (remove `data.transport`)."
            )
        requests = [
            {"jsonrpc": "2.0", "method": "cli_ascii", "params": {"cmd": command, "version": 1}, "id": number}
            for number, command in enumerate(commands, 1)
        ]
        headers = {"Content-Type": "application/json-rpc"}
        reply = await self._https.request("POST", PATH, body=json.dumps(requests), headers=headers, within=within)
        return self._ran(reply, len(requests))

    def _ran(self, reply: Reply, sent: int) -> Ran:
        said = understood(reply, self._target, self._https, "NX-API (`feature nxapi`)")
        results = said if isinstance(said, list) else [said]
        texts: list[str] = []
        for number, result in enumerate(results, 1):
            if not isinstance(result, Mapping) or result.get("id") != number:
                raise given_up(self._https, f"{self._target.name}: NX-API does not say which command it answers.")
            error = result.get("error")
            if error is None:
                texts.append(_text(result.get("result")))
                continue
            told = _text(error.get("data")) if isinstance(error, Mapping) else ""
            if not told:
                raise given_up(self._https, f"{self._target.name}: NX-API refused the request: {error}.")
            return Ran((*texts, refused(told)), refused=True)
        if len(texts) != sent:
            raise given_up(self._https, f"{self._target.name}: NX-API answered {len(texts)} of {sent} commands.")
        return Ran(tuple(texts))


def _text(result: Any) -> str:  # noqa: ANN401  # of JSON
    found = result.get("msg") if isinstance(result, Mapping) else result
    return "" if found is None else str(found)
