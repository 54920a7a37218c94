"""Files that may be copied to devices: those below one folder of the worker, and nothing else of the machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from activities.deviceinteraction.failures import InvalidInput


@dataclass(frozen=True, slots=True)
class Files:
    """The folder.

    Args:
        root: As the settings name it; ``None`` where they name none.
    """

    root: Path | None = None

    def find(self, source: str) -> Path:
        """A file by its path below the folder.

        Raises:
            InvalidInput: There is no folder, no such file, or the path leads out of the folder.
        """
        if self.root is None:
            raise InvalidInput(f"`{source}` cannot be copied: the worker's settings name no folder of `files`.")
        root = self.root.resolve()
        path = (root / source).resolve()
        if not path.is_relative_to(root):
            raise InvalidInput(f"`{source}` leads out of the folder of `files`, which holds all that may be copied.")
        if not path.is_file():
            raise InvalidInput(f"there is no file `{source}` in the folder of `files` on this worker.")
        return path


NO_FILES: Final = Files()
