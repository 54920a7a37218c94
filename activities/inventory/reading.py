"""Reading inventory files: off the event loop, as plain data, with messages that name the file.

YAML is read by PyYAML's safe loader: no tag builds an object. Keys that stand twice are refused, since the second would
silently win.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml

from activities.inventory.source import InventoryError
from workflows.contracts import Device

T = TypeVar("T")

LARGEST: Final = 64_000_000  # bytes
VAULT_FILE: Final = "$ANSIBLE_VAULT;"


class Vaulted:
    """A value that Ansible Vault encrypted. netsaga has no key to it and never asks for one."""


if TYPE_CHECKING:
    _SafeLoader = yaml.SafeLoader
else:
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads ten times as fast


class _Loader(_SafeLoader):
    """The safe loader, with duplicate keys refused and vaulted values marked."""


def _construct_map(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:  # Any: YAML
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if isinstance(key, Hashable) and key in seen:
            line = key_node.start_mark.line + 1
            raise yaml.constructor.ConstructorError(problem=f"`{key}` stands twice, again in line {line}")
        seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


def _construct_unsafe(loader: _Loader, node: yaml.Node) -> object:
    # Ansible's mark for text that must not be read as a template, which netsaga does with no text.
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(problem="`!unsafe` stands before something that is no text")
    return loader.construct_scalar(node)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_map)
_Loader.add_constructor("!vault", lambda _loader, _node: Vaulted())
_Loader.add_constructor("!vault-encrypted", lambda _loader, _node: Vaulted())
_Loader.add_constructor("!unsafe", _construct_unsafe)


async def read_devices(path: Path, read: Callable[[Path], list[Device]]) -> list[Device]:
    """Run a reader in a thread; what the file system says becomes an `InventoryError`."""
    try:
        return await asyncio.to_thread(read, path)
    except OSError as error:
        place = error.filename or path
        raise InventoryError(
            f"{place} cannot be read: {error.strerror}. Check `inventories` in the settings."
        ) from error


def text_of(path: Path) -> str:
    """A file's text.

    Raises:
        InventoryError: It is too large, not UTF-8, or encrypted as a whole.
        OSError: It cannot be read.
    """
    if path.stat().st_size > LARGEST:
        raise InventoryError(f"{path} is larger than {LARGEST:,} bytes; an inventory file that size is a mistake.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InventoryError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    if text.startswith(VAULT_FILE):
        raise InventoryError(
            f"{path} is encrypted with Ansible Vault, which netsaga does not open. Keep secrets in the worker's "
            "`credentials`, and the facts of devices in a plain file."
        )
    return text


def yaml_map(path: Path) -> dict[str, object]:
    """A YAML file whose document is a map; an empty file is an empty map.

    Raises:
        InventoryError: Not YAML, not a map, or with keys that are no text.
        OSError: It cannot be read.
    """
    try:
        # _Loader is a SafeLoader: tags of Python objects are refused.
        document = yaml.load(text_of(path), Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise InventoryError(f"{path} is not valid YAML: {said[:300]}") from None
    return as_map({} if document is None else document, str(path))


def as_map(value: object, where: str) -> dict[str, object]:
    """A value that must be a map with text as keys; nothing counts as an empty one.

    Raises:
        InventoryError: It is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InventoryError(f"{where}: expected a map, found {type(value).__name__}.")
    for key in value:
        if not isinstance(key, str):
            raise InventoryError(f"{where}: the key {key!r} is not text; put it in quotes.")
    return dict(value)


def as_names(value: object, where: str) -> tuple[str, ...]:
    """A value that must be a list of names; nothing counts as an empty one.

    Raises:
        InventoryError: It is something else.
    """
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise InventoryError(f"{where}: expected a list of names, found {value!r}.")
    return tuple(value)


def only(found: Mapping[str, T], known: tuple[str, ...], where: str) -> None:
    """Refuse keys that mean nothing here.

    Raises:
        InventoryError: There is one.
    """
    for key in found:
        if key not in known:
            raise InventoryError(f"{where}: `{key}` is not known; expected {', '.join(f'`{name}`' for name in known)}.")
