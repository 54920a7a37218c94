"""The language as models: the one place that says which keys a definition has, what they hold and what they mean.

`keys.py` takes the compiler's lists from here; `schema.py`, `reference/`, `formatting.py` and `builder/` read the rest.
"""

from workflows.definition.language.definition import Definition
from workflows.definition.language.part import Key, Kind, Part, keys_of, parts_keys

__all__ = ["Definition", "Key", "Kind", "Part", "keys_of", "parts_keys"]
