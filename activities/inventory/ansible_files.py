"""Reading Ansible's inventory files, INI and YAML, into groups. What the variables mean is `ansible.py`'s.

Nothing is executed: an inventory that is a program is refused, values in INI are Python *literals* as in Ansible
(``ast.literal_eval``), and templates in values stay text.

Source: docs.ansible.com, "How to build your inventory", and the documentation of the ``ini`` and ``yaml`` plugins.
"""

import ast
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from activities.inventory.reading import as_map, only, text_of, yaml_map
from activities.inventory.source import InventoryError

Vars = dict[str, object]

_RANGE: Final = re.compile(r"\[(?P<first>\d+|[A-Za-z]):(?P<last>\d+|[A-Za-z])(?::(?P<step>[1-9]\d*))?\]")
_SECTION: Final = re.compile(r"\[(?P<group>[^:\[\]]+)(?::(?P<kind>vars|children))?\]\s*(?:#.*)?\Z")
MOST_HOSTS: Final = 100_000


@dataclass(slots=True)
class Group:
    """A group of an inventory, before anything is merged."""

    vars: Vars = field(default_factory=dict)
    hosts: dict[str, Vars] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)  # an ordered set


Groups = dict[str, Group]


def read_groups(path: Path) -> Groups:
    """The groups of an inventory file; ``all`` is always among them, and holds what stands in no other.

    Raises:
        InventoryError: It is a program, or not as Ansible writes inventories.
        OSError: It cannot be read.
    """
    if path.suffix in {".yml", ".yaml", ".json"}:
        return _read_yaml(path)
    text = text_of(path)
    if text.startswith("#!") or (os.access(path, os.X_OK) and path.suffix in {".py", ".sh"}):
        raise InventoryError(
            f"{path} is a program (a dynamic inventory), which netsaga does not run. Write its result to a file: "
            "`ansible-inventory --list --yaml --output inventory.yaml`."
        )
    return _read_ini(text, path)


# ------------------------------------------------------------------------------------------------------------ YAML


def _read_yaml(path: Path) -> Groups:
    groups: Groups = {"all": Group()}
    for name, body in yaml_map(path).items():
        _add_yaml(groups, name, body, path, depth=0)
    return groups


def _add_yaml(groups: Groups, name: str, body: object, path: Path, depth: int) -> None:
    where = f"{path}: group {name!r}"
    if depth > 30:
        raise InventoryError(f"{where}: groups are nested more than 30 deep.")
    entries = as_map(body, where)
    only(entries, ("hosts", "vars", "children"), where)
    group = groups.setdefault(name, Group())
    group.vars.update(as_map(entries.get("vars"), f"{where}: vars"))
    for pattern, facts in as_map(entries.get("hosts"), f"{where}: hosts").items():
        for host in expanded(pattern, where):
            group.hosts.setdefault(host, {}).update(as_map(facts, f"{where}: host {host!r}"))
    for child, below in as_map(entries.get("children"), f"{where}: children").items():
        group.children[child] = None
        _add_yaml(groups, child, below, path, depth + 1)


# ------------------------------------------------------------------------------------------------------------- INI


def _read_ini(text: str, path: Path) -> Groups:
    groups: Groups = {"all": Group()}
    name, kind = "ungrouped", None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        where = f"{path}, line {number}"
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            section = _SECTION.match(line)
            if not section:
                raise InventoryError(
                    f"{where}: {line!r} is no section; expected [GROUP], [GROUP:vars] or [GROUP:children]."
                )
            name, kind = section["group"].strip(), section["kind"]
            groups.setdefault(name, Group())
            continue
        group = groups.setdefault(name, Group())
        if kind == "vars":
            key, value = _assignment(line, where)
            group.vars[key] = value
        elif kind == "children":
            child = line.split("#")[0].strip()
            group.children[child] = None
            groups.setdefault(child, Group())
        else:
            _add_hosts(group, line, where)
    return groups


def _add_hosts(group: Group, line: str, where: str) -> None:
    try:
        pattern, *words = shlex.split(line, comments=True)
    except ValueError as error:
        raise InventoryError(f"{where}: {error}: check the quotes.") from None
    facts = dict(_assignment(word, where) for word in words)
    for host in expanded(pattern, where):
        group.hosts.setdefault(host, {}).update(facts)


def _assignment(text: str, where: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InventoryError(f"{where}: {text!r} is no assignment; expected name=value.")
    value = value.strip()
    try:
        literal: object = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return key.strip(), value  # as in Ansible: what is no literal is text
    return key.strip(), literal


# ---------------------------------------------------------------------------------------------------------- ranges


def expanded(pattern: str, where: str) -> list[str]:
    """The hosts that a pattern such as ``sw[01:20]`` or ``leaf-[a:d]`` stands for.

    Raises:
        InventoryError: A range runs backwards, mixes digits and letters, or makes too many hosts.
    """
    hosts = [pattern]
    while any(_RANGE.search(host) for host in hosts):
        wider = (name for host in hosts for name in _first_range(host, where))
        hosts = list(islice(wider, MOST_HOSTS + 1))
        if len(hosts) > MOST_HOSTS:
            raise InventoryError(f"{where}: {pattern!r} stands for more than {MOST_HOSTS:,} hosts.")
    return hosts


def _first_range(host: str, where: str) -> Iterator[str]:
    found = _RANGE.search(host)
    if found is None:
        yield host
        return
    first, last, step = found["first"], found["last"], int(found["step"] or 1)
    if first.isdigit() != last.isdigit():
        raise InventoryError(f"{where}: {found[0]!r} mixes digits and letters.")
    if first.isdigit():
        width = len(first) if first.startswith("0") or len(first) == len(last) else 0
        names = (str(number).zfill(width) for number in range(int(first), int(last) + 1, step))
        backwards = int(first) > int(last)
    else:
        names = (chr(code) for code in range(ord(first), ord(last) + 1, step))
        backwards = first > last
    if backwards:
        raise InventoryError(f"{where}: {found[0]!r} runs backwards.")
    for name in names:
        yield f"{host[: found.start()]}{name}{host[found.end() :]}"
