"""What the compiler is given: the text of a definition, with all that it names beside itself. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """A definition's text.

    Attributes:
        name: What people call the file; it stands in every diagnostic.
        text: YAML.
        templates: The texts of the templates beside it, by file name; see `references.referenced_templates`.
        definitions: The definitions that it calls, by ``NAME@VERSION`` as the calls write it; see
            `references.referenced_definitions`. Those that they call may stand here too.
    """

    name: str
    text: str
    templates: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, "Source"] = field(default_factory=dict)
