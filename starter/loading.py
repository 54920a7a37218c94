"""Importing much at once, where what comes stays for as long as the process does.

It knows nothing of what is imported, and imports nothing heavy itself.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Look for no garbage among what is imported within, neither meanwhile nor later.

    Modules make hundreds of thousands of objects, hardly any of them garbage; walking those again and again takes a
    tenth of the CPU that a command needs to begin. Afterwards garbage is looked for as before.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
