"""How messages name many things, and keep to a length: one wording for runs, the guard, activities and clients."""

from collections.abc import Sequence


def some(names: Sequence[str], most: int) -> str:
    """The first of several names, and how many more there are: ``a, b and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def shortened(message: str, longest: int) -> str:
    """A message of at most so many characters; where it was cut can be seen."""
    return message if len(message) <= longest else f"{message[: longest - 1]}…"
