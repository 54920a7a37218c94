"""Writes what is made from the models of the language: the reference's pages and the JSON Schema.

`python -m starter.reference` in the repository (`make reference`) rewrites both; a test says when they are not current.
"""

from pathlib import Path
from typing import Final

from workflows.definition.reference import pages
from workflows.definition.schema import schema_text

ROOT: Final = Path(__file__).parent.parent
REFERENCE: Final = ROOT / "deploy" / "reference"
EXAMPLES: Final = REFERENCE / "examples"


def generated() -> dict[Path, str]:
    """Every generated file with the text that it should have."""
    examples = {file.stem: file.read_text(encoding="utf-8") for file in sorted(EXAMPLES.glob("*.*"))}
    made = {REFERENCE / name: text for name, text in pages(examples).items()}
    made[ROOT / "workflows" / "definition" / "schema.json"] = schema_text()
    return made


def main() -> None:
    """Rewrites the files."""
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
