"""What can go wrong between a client and a run, each with the exit code of the command line.

StarterError                something that a person can put right; its text says what and how
├── UsageError              the command or its arguments                          exit 2
├── ServerUnreachableError  no Temporal server answers                            exit 3
├── NoWorkerError           the server answers, and nobody works                  exit 3
├── RunNotFoundError        no such run                                           exit 2
├── RunExistsError          a run with this id is alive or was                    exit 2
├── RunRefused              the request was not carried out; no device touched    exit 1
├── RunEndedError           the run ended without a result (terminated, say)      exit 1
├── DecisionRefused         an approval or a rejection that does not count        exit 1
└── StackError              a process of `netsaga dev` did not start, or died     exit 1
"""

from typing import ClassVar


class StarterError(Exception):
    """Something that a person can put right. The text is one readable paragraph."""

    exit_code: ClassVar[int] = 1


class UsageError(StarterError):
    """The command or its arguments are wrong; nothing was started."""

    exit_code = 2


class ServerUnreachableError(StarterError):
    """No Temporal server answers at the address."""

    exit_code = 3


class NoWorkerError(StarterError):
    """The server answers, but no worker polls the task queue, or none answered in time.

    Attributes:
        build: The build of which a worker would have to be up; empty where any would do.
    """

    exit_code = 3

    def __init__(self, message: str, *, build: str = "") -> None:
        super().__init__(message)
        self.build = build


class RunNotFoundError(StarterError):
    """The server knows no run of this id."""

    exit_code = 2


class RunExistsError(StarterError):
    """A run of this id is alive."""

    exit_code = 2


class RunRefused(StarterError):
    """The request was refused before any device was touched.

    Attributes:
        kind: The failure's type, ``invalid_input`` or ``block_unavailable`` as a rule.
        run_id: The workflow id of the run that failed.
    """

    def __init__(self, message: str, *, kind: str, run_id: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.run_id = run_id


class RunEndedError(StarterError):
    """The run is closed and left no result: terminated, timed out, or cancelled before a worker took it."""


class DecisionRefused(StarterError):
    """The gate did not take the decision; the text says why."""


class StackError(StarterError):
    """A child process did not start, or died."""
