"""Outputs that are known only after a change was made. Plan mode meets them; they are typed, and never null."""

from collections.abc import Iterator, Mapping, Sequence

from workflows.errors import UnknownValueError
from workflows.plan import StepId


class Unknown(Mapping[str, object]):
    """The outputs of a step as expressions see them, all of them unknown, or some.

    Whoever looks at one that is unknown is told so by `UnknownValueError`; ``default`` and ``is defined`` are no way
    around it, for the value will be there.

    Args:
        step: Whose outputs.
        values: Those that are known.
        names: Those that are not; ``None`` for all but the known.
    """

    def __init__(
        self, step: StepId, values: Mapping[str, object] | None = None, names: Sequence[str] | None = None
    ) -> None:
        self._step = step
        self._names = names
        known = values or {}
        self._values = {name: value for name, value in known.items() if names is None or name not in names}

    def __getitem__(self, name: str) -> object:
        """A known value. Raises `UnknownValueError`, or `KeyError` where there is no such output."""
        if name not in self._values and (self._names is None or name in self._names):
            raise self._unknown()
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Whoever asks for all asks for the unknown ones too."""
        raise self._unknown()

    def __len__(self) -> int:
        """As for all."""
        raise self._unknown()

    def __eq__(self, other: object) -> bool:
        """As for all."""
        raise self._unknown()

    __hash__ = None  # type: ignore[assignment]  # no key of anything, as any mapping

    def _unknown(self) -> UnknownValueError:
        return UnknownValueError(f"the outputs of step {self._step} are known only after the change")
