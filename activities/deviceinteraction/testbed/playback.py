"""Devices that answer as others did: transcripts, played back over SSH.

The first login meets the first session of a device's transcript, the second login the second one, and so on; logins
beyond the last meet the last again. A line is looked for from where the session stands; what was never typed is refused
in the platform's own words, and a line whose answer never came ends the session, as it did. Answers are what was
received, pagination and questions included, and nothing that is typed changes anything.

Secrets are out of transcripts, so that any text serves where one stands.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, get_args

from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.recording import Recording, RecordingError, read
from activities.deviceinteraction.redaction import HIDDEN
from activities.deviceinteraction.testbed.cli import Cli, Question, Reply
from activities.deviceinteraction.testbed.device import Clock, Device
from activities.deviceinteraction.testbed.grammar import Refused
from activities.deviceinteraction.testbed.model import DeviceSpec, Login, SimulatedName

Make = Callable[[DeviceSpec, Login, Path, Clock], Device]

_PROMPT: Final = re.compile(r"[>#$%]\s*$")
_REFUSALS: Final[Mapping[str, str]] = {  # the platforms' own words; the simulated devices cite where they are from
    "cisco_iosxe": "{caret}\n% Invalid input detected at '^' marker.\n",
    "cisco_iosxr": "{caret}\n% Invalid input detected at '^' marker.\n",
    "cisco_nxos": "{caret}\n% Invalid command at '^' marker.",
    "arista_eos": "% Invalid input",
    "juniper_junos": "{caret}\nunknown command.",
    "nokia_srlinux": "Parsing error: Unknown token. Options are ['#', '/', ...]",
    "nokia_sros": "{caret}\nMINOR: MGMT_CORE #2201: Unknown element",
}


class _Exchange(NamedTuple):
    """A line that was sent and what came back; no answer where the link died."""

    line: re.Pattern[str]
    hidden: bool  # what was typed is a secret, and was not echoed
    answer: tuple[str, str] | None  # text, and the prompt or question behind it


class Playback:
    """What is to be played: the sessions of each device.

    Args:
        recordings: In the order in which they were recorded.

    Raises:
        RecordingError: A device's platform cannot be played, or a device has two platforms, or nothing was recorded.
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._sessions: dict[str, list[Recording]] = {}
        for recording in recordings:
            if not any(entry.kind == "received" for entry in recording.entries):
                continue
            known = self._sessions.setdefault(recording.host, [])
            if recording.begins == "reuse" and known:  # one login, over several steps of a run
                known[-1] = known[-1].model_copy(update={"entries": known[-1].entries + recording.entries})
            else:
                known.append(recording)
        if not self._sessions:
            raise RecordingError("none of these transcripts holds an answer of a device; record a run that logs in.")
        for host, sessions in self._sessions.items():
            platforms = {session.platform for session in sessions}
            if not platforms <= set(get_args(SimulatedName)) or len(platforms) > 1:
                raise RecordingError(
                    f"{host}: recorded on {', '.join(sorted(platforms))}; one platform is played for a device, and it "
                    f"is one of {', '.join(get_args(SimulatedName))}."
                )

    @classmethod
    def of_files(cls, files: Sequence[Path]) -> "Playback":
        """Read transcripts.

        Raises:
            RecordingError: As the constructor, and where a file is no transcript.
            OSError: A file cannot be read.
        """
        return cls([session for file in files for session in read(file.read_text(encoding="utf-8"), str(file))])

    def specs(self, site: str) -> list[DeviceSpec]:
        """The devices, by the names under which they were recorded."""
        return [
            DeviceSpec.model_validate(
                {"name": host, "platform": sessions[0].platform, "number": number, "site": site, "groups": ()}
            )
            for number, (host, sessions) in enumerate(self._sessions.items(), 1)
        ]

    def make(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> Device:
        """A device that plays its sessions."""
        return PlaybackDevice(spec, login, log, clock, self._sessions[spec.name])


class PlaybackDevice(Device):
    """One device. It has no configuration of its own: it can only say again what it said."""

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock, sessions: Sequence[Recording]) -> None:
        super().__init__(spec, login, log, clock)
        self._sessions = sessions
        self._met = 0

    def running_config(self) -> str:
        """None is kept."""
        return ""

    def startup_config(self) -> str:
        """None is kept."""
        return ""

    def vlans(self) -> Mapping[int, Vlan]:
        """None are kept."""
        return {}

    def cli(self, session: int, user: str) -> Cli:  # noqa: ARG002  # which session is met goes by the order of logins
        """The next recorded session, or the last one again."""
        recording = self._sessions[min(self._met, len(self._sessions) - 1)]
        self._met += 1
        return PlaybackCli(recording)

    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:  # noqa: ARG002
        """Refused."""
        raise ValueError(f"{self.spec.name} is played back from a transcript; nothing can be changed on it")

    def reset(self) -> None:
        """The next login meets the first session again."""
        self._met = 0


class PlaybackCli(Cli):
    """One session. Made for each login."""

    page_length = 0  # what was paged is in what was received

    def __init__(self, recording: Recording) -> None:
        self._refusal = _REFUSALS.get(recording.platform, "% Unknown command.")
        self._prompt, self._exchanges = _exchanges(recording)
        self._next = 0

    @property
    def mode(self) -> str:
        """Always the same one: modes show in the prompts only."""
        return "playback"

    @property
    def prompt(self) -> str:
        """What the device waited behind."""
        return self._prompt

    def execute(self, line: str) -> Reply:
        """The recorded answer, or a refusal."""
        found = self._find(line.strip())
        return self.refusal(Refused("invalid", 0), line) if found is None else self._meet(found)

    def _meet(self, found: int) -> Reply:
        self._next = found + 1
        answer = self._exchanges[found].answer
        if answer is None:
            return Reply(close=True)
        text, waits = answer
        if _PROMPT.search(waits):
            self._prompt = waits
            return Reply(text)
        if self._next < len(self._exchanges) and self._exchanges[self._next].hidden:
            return Reply(text, question=Question(waits, lambda _secret: self._meet(self._next), by="hidden"))
        return Reply(text, question=Question(waits, self.execute))

    def refusal(self, refused: Refused, line: str) -> Reply:  # noqa: ARG002
        """See `Cli.refusal`."""
        caret = " " * (len(self._prompt.rsplit("\n", 1)[-1]) + refused.offset) + "^"
        return Reply(self._refusal.format(caret=caret), "rejected")

    def no_space(self) -> Reply:
        """A fault that can be asked of it as of any device."""
        return Reply("% No space left on device", "rejected")

    def interrupt(self) -> None:
        """Not recorded."""

    def closed(self) -> None:
        """Nothing is held."""

    def _find(self, line: str) -> int | None:
        """Where a line was typed: next from here on, else the last time before."""
        ahead = range(self._next, len(self._exchanges))
        behind = range(self._next - 1, -1, -1)
        return next(
            (
                at
                for at in (*ahead, *behind)
                if not self._exchanges[at].hidden and self._exchanges[at].line.fullmatch(line)
            ),
            None,
        )


def _exchanges(recording: Recording) -> tuple[str, list[_Exchange]]:
    """The prompt that a session begins with, and what was said in it."""
    first = ""
    exchanges: list[_Exchange] = []
    for entry in recording.entries:
        match entry.kind:
            case "sent":
                exchanges.append(_Exchange(_typed(entry.text), entry.text == HIDDEN, None))
            case "received" if not exchanges:
                first = entry.prompt
            case "received" if exchanges[-1].answer is None:
                exchanges[-1] = exchanges[-1]._replace(answer=(entry.text, entry.prompt))
            case _:
                continue  # a note, or the prompt once more
    return first, exchanges


def _typed(line: str) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(part) for part in line.strip().split(HIDDEN)))
