"""What can go wrong with a device, as classes that answer one question: may it be tried again?

DeviceFailure
├── Transient            the same call may work in a moment                        retry
│   ├── ConfigLocked     another session holds the device's configuration          retry
│   └── Unreachable      no session could be opened, so nothing was changed        retry
├── Permanent            authentication refused, unsupported: never retried (lockouts are real)
├── InvalidInput         what was asked cannot be sent (control characters, an unknown section)
├── RejectedByDevice     the device refused a line and nothing is applied
├── PartiallyApplied     some lines took effect and some did not: always undone
├── CheckFailed          the device answered, and the answer is not what was demanded
├── Drifted              the device is no longer what was approved; untouched
├── Reverted             the device's own timer took the change back; it is as before
├── OutcomeUnknown       the link died while an effect was under way: look first, never push again blindly
├── StaleAttempt         this attempt was frozen and a successor may be at work: it ends without a word to the device
└── Cancelled            asked to stop, between two actions

``kind`` is the name that crosses into the orchestrator; it equals the failure types of `workflows/errors.py`.
"""

from typing import ClassVar


class DeviceFailure(Exception):
    """A device call that did not do what was asked.

    Args:
        message: What was expected, what was found and what to do; free of secrets; one paragraph.
        touched: Whether the device's configuration may have been changed by this call.
    """

    kind: ClassVar[str] = "permanent"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, touched: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.touched = touched


class Transient(DeviceFailure):
    """The same call may work in a moment: a time-out on a read, a dropped session before any effect."""

    kind = "transient"
    retryable = True


class Unreachable(Transient):
    """No session could be opened: refused, timed out, no route. Nothing was changed."""

    kind = "unreachable"


class ConfigLocked(Transient):
    """Another session holds the configuration. Nothing was changed.

    Args:
        message: As for `DeviceFailure`.
        holder: What the device calls the session that holds the lock; ``None`` where it does not say.
    """

    def __init__(self, message: str, *, holder: str | None = None) -> None:
        super().__init__(message)
        self.holder = holder


class Permanent(DeviceFailure):
    """Trying again cannot help: authentication refused, host key unknown, privilege missing, unsupported."""


class InvalidInput(DeviceFailure):
    """What was asked cannot be sent to a device, such as a control character inside a line."""

    kind = "invalid_input"


class RejectedByDevice(DeviceFailure):
    """The device refused the change as a whole, or its first line; nothing is applied."""

    kind = "rejected_by_device"


class PartiallyApplied(DeviceFailure):
    """A line was refused after others had taken effect; the device must be undone."""

    kind = "partially_applied"

    def __init__(self, message: str) -> None:
        super().__init__(message, touched=True)


class CheckFailed(DeviceFailure):
    """The device answered, and the answer is not what was demanded."""

    kind = "check_failed"


class Drifted(DeviceFailure):
    """The change would no longer be the one that was shown and approved; the device is untouched."""

    kind = "drifted"


class Reverted(DeviceFailure):
    """The change was made and is gone: its confirm timer ran out, or somebody took it back. Nothing of it is left."""

    kind = "reverted"


class OutcomeUnknown(DeviceFailure):
    """The link died while an effect was under way. The next attempt looks before it does anything."""

    kind = "outcome_unknown"
    retryable = True

    def __init__(self, message: str) -> None:
        super().__init__(message, touched=True)


class StaleAttempt(DeviceFailure):
    """This attempt was frozen for so long that a successor may have begun; it stops writing at once."""

    kind = "transient"
    retryable = True


class Cancelled(DeviceFailure):
    """The caller asked to stop; honoured between actions, never inside a commit."""

    kind = "cancelled"
