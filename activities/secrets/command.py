"""A credential from a program, such as a password manager's command line. No shell is involved.

The program prints either a JSON object with the fields of a credential, or lines of ``field: value`` (``username``,
``password``, ``enable_secret``, ``passphrase``, ``certificate``, ``agent``, ``public_key``, ``token``); a first line
without a known field is the password, as ``pass`` prints it. Its output is never logged, in no message, whether it
succeeded or not.
"""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from activities.deviceinteraction.model import Credential
from activities.secrets.store import FIELDS, Access, SecretError, access_from, credential_from

TIME_LIMIT: Final = timedelta(seconds=30)
LARGEST: Final = 100_000  # bytes


class CommandSecret:
    """`SecretSource` over a program's output.

    Args:
        command: The program and its arguments.
        time_limit: After this it is killed.
        folder: Where it runs; the worker's own folder where nothing is given.
    """

    def __init__(self, command: Sequence[str], time_limit: timedelta = TIME_LIMIT, folder: Path | None = None) -> None:
        if not command:
            raise SecretError("a credential of kind `command` needs a program, as `command: [pass, show, net/vault]`.")
        self._command = tuple(command)
        self._limit_s = time_limit.total_seconds()
        self._folder = folder
        self._one_at_a_time = asyncio.Lock()  # hundreds of devices ask at once, and password managers do not like that
        self._next: asyncio.Task[str] | None = None  # the start that is still to come

    async def load(self) -> Credential:
        """What logs in to a device, as the program says it now."""
        return credential_from(_fields(await self._output(), self._where), self._where)

    async def access(self) -> Access:
        """What a system is called with, as the program says it now; a bare first line is a token here."""
        fields = _fields(await self._output(), self._where)
        if fields.keys() == {"password"}:
            fields = {"token": fields["password"]}
        return access_from(fields, self._where)

    async def _output(self) -> str:
        """What the program prints when it is started now, or later: all who wait meanwhile share one start."""
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._in_turn(), name="credential from a program")
        return await asyncio.shield(self._next)

    async def _in_turn(self) -> str:
        async with self._one_at_a_time:
            self._next = None  # who asks from here on wants to know what it says then
            return await self._run()

    @property
    def _where(self) -> str:
        return f"command `{self._command[0]}`"  # its arguments may be telling

    async def _run(self) -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise SecretError(f"{self._where} cannot be started: {error.strerror}.") from None
        try:
            async with asyncio.timeout(self._limit_s):
                stdout, _ = await process.communicate()
        except TimeoutError:
            raise SecretError(
                f"{self._where} did not answer within {self._limit_s:g} s. Does it wait for a person? Run it by hand."
            ) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise SecretError(f"{self._where} ended with status {process.returncode}; run it by hand to see why.")
        if len(stdout) > LARGEST:
            raise SecretError(f"{self._where} printed {len(stdout):,} bytes; that is no credential.")
        return stdout.decode(errors="replace")


def _fields(output: str, where: str) -> dict[str, object]:
    if output.lstrip().startswith("{"):
        try:
            document = json.loads(output)
        except ValueError:
            raise SecretError(f"{where} printed something that begins like JSON and is not.") from None
        return dict(document)
    fields: dict[str, object] = {}
    for number, line in enumerate(output.splitlines()):
        name, colon, value = line.partition(":")
        key = name.strip().lower().replace(" ", "_").replace("-", "_")
        if colon and key in FIELDS:
            fields[key] = value.strip()
        elif number == 0:
            fields["password"] = line
    return fields
