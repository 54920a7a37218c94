"""Did you mean: the help of every message about a word that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """The nearest known word, or all of them.

    Args:
        word: What was written.
        known: What would have been understood.
        otherwise: What introduces the whole list if nothing is near, as ``filters are``.
    """
    words = [*known]
    near = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"{otherwise} {', '.join(f'`{name}`' for name in sorted(words))}" if words else f"{otherwise} none"
