"""The files of a Linux machine's network configuration: reading them, predicting a change, the scripts that make it.

Pure functions over text; the conversation is in `linux.py`. Every name and word in a script is quoted.
"""

import difflib
import hashlib
import posixpath
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from activities.deviceinteraction.config.diff import digest
from activities.deviceinteraction.config.footprint import Path, between, keyed
from activities.deviceinteraction.failures import InvalidInput
from activities.deviceinteraction.model import Names
from activities.deviceinteraction.platforms.protocol import Running, Staged

ROOTS: Final = (
    "/etc/network", "/etc/systemd/network", "/etc/netplan", "/etc/sysctl.d", "/etc/sysctl.conf", "/etc/hosts",
    "/etc/nftables.conf", "/etc/nftables.d", "/etc/modules-load.d",
)  # fmt: skip
HOME: Final = "/var/lib/netsaga"
KEPT: Final = 5
LISTED: Final = f"""
find {" ".join(ROOTS)} -type f 2>/dev/null | LC_ALL=C sort | while IFS= read -r file; do
  printf 'file %s\\n' "$file"; awk '{{print "|" $0}}' "$file" || exit 3
done
"""

Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FileChange:
    """Files with their new content, ``None`` for one that goes, and the commands that make them effective."""

    files: tuple[tuple[str, str | None], ...]
    reloads: tuple[tuple[str, ...], ...]


def read(lines: Iterable[str]) -> Files:
    """The files that a listing holds."""
    return {path: content for path, content in change_of(list(lines)).files if content is not None}


def change_of(lines: Sequence[str]) -> FileChange:
    """The change that lines ask for.

    Raises:
        InvalidInput: A line is none of ``file``, ``gone``, ``reload`` and ``|…``, or a file is not beneath the roots.
    """
    files: dict[str, list[str] | None] = {}
    reloads: list[tuple[str, ...]] = []
    current: list[str] | None = None
    for line in lines:
        word, _, rest = line.partition(" ")
        match word:
            case _ if line.startswith("|") and current is not None:
                current.append(line[1:])
            case "file":
                current = []
                files[_beneath(rest)] = current
            case "gone":
                files[_beneath(rest)] = current = None
            case "reload" if rest.strip():
                current = None
                reloads.append(tuple(_split(rest)))
            case _ if not line.strip():
                continue
            case _:
                raise InvalidInput(
                    f"{line!r} is not understood: give 'file PATH' with its lines behind '|', 'gone PATH', and 'reload "
                    "COMMAND' for what makes them effective."
                )
    texts = (
        (path, None if content is None else "".join(f"{line}\n" for line in content)) for path, content in files.items()
    )
    return FileChange(tuple(texts), tuple(reloads))


def understood(files: Files) -> Running:
    """Files as a configuration: each a block of its lines, and one path for the file as a whole."""
    paths = tuple(keyed(path) for name in sorted(files) for path in _paths(name, files[name]))
    listed = (
        line for name in sorted(files) for line in (f"file {name}", *(f"|{one}" for one in files[name].splitlines()))
    )
    text = "".join(f"{line}\n" for line in listed)
    return Running(text, paths, hashlib.sha256(text.encode()).hexdigest(), frozenset(paths))


def staged(lines: Sequence[str], before: Running) -> Staged:
    """What a change would do."""
    had, change = read(before.text.splitlines()), change_of(lines)
    has = dict(had)
    for path, content in change.files:
        if content is None:
            has.pop(path, None)
        else:
            has[path] = content
    shown = "\n".join(line for path, _ in change.files for line in _diff(path, had.get(path), has.get(path)))
    return Staged(between(before.paths, understood(has).paths), shown, digest(shown), tuple(lines))


def folder(names: Names) -> str:
    """Where the machine keeps what belongs to a change."""
    return f"{HOME}/{names.tag}"


def thinned(names: Names) -> str:
    """Makes the change's folder anew and drops those of older changes, but for the newest few and those armed."""
    here = folder(names)
    return (
        f"umask 077; mkdir -p {HOME} && cd {HOME} && rm -rf {here} && mkdir {here} && "
        f"for old in $(ls -dt netsaga-* | tail -n +{KEPT + 2}); do test -e $old/armed || rm -rf $old; done"
    )


def kept(change: FileChange, names: Names) -> str:
    """Copies the files as they are, and writes the script that brings them back from what it reads."""
    here = folder(names)
    copies = [
        f"if test -e {shlex.quote(path)}; then cp -a {shlex.quote(path)} {here}/old-{number}; fi"
        for number, (path, _) in enumerate(change.files)
    ]
    return " && ".join([f"umask 077; mkdir -p {here}", f"cat > {here}/undo", *copies])


def undo_script(change: FileChange, names: Names) -> str:
    """Brings the files back and makes them effective; may be run twice."""
    here = folder(names)
    lines = ["set -e", f"rm -f {here}/armed"]
    for number, (path, _) in enumerate(change.files):
        target, beside = shlex.quote(path), shlex.quote(f"{path}.netsaga")
        back = f"cp -a {here}/old-{number} {beside}; mv {beside} {target}"
        lines.append(f"if test -e {here}/old-{number}; then {back}; else rm -f {target}; fi")
    return "\n".join([*lines, *(shlex.join(words) for words in change.reloads)]) + "\n"


def made(change: FileChange, names: Names, timer_s: int | None) -> str:
    """Starts the timer, puts the files in place and makes them effective; stops at the first failure."""
    here = folder(names)
    lines = ["set -e", *(_timer(names, timer_s) if timer_s is not None else ())]
    for number, (path, content) in enumerate(change.files):
        target, beside = shlex.quote(path), shlex.quote(f"{path}.netsaga")
        if content is None:
            lines.append(f"rm -f {target}")
            continue
        lines.append(f"mkdir -p {shlex.quote(posixpath.dirname(path))}")
        lines.append(f"if test -e {target}; then cp -a {target} {beside}; else (umask 022; : > {beside}); fi")
        lines.append(f"cat {here}/new-{number} > {beside}; mv {beside} {target}")
    return "\n".join([*lines, *(shlex.join(words) for words in change.reloads)])


def disarmed(names: Names) -> str:
    """Stops the timer; harmless where none runs."""
    unit = f"{names.tag}.timer"
    return f"rm -f {folder(names)}/armed; if test -d /run/systemd/system; then systemctl stop {unit} 2>&1 || true; fi"


def _timer(names: Names, timer_s: int) -> Iterator[str]:
    here = folder(names)
    guarded = shlex.quote(f"test -e {here}/armed && sh {here}/undo")
    slept = shlex.quote(f"sleep {timer_s}; test -e {here}/armed && sh {here}/undo")
    yield f"echo $(( $(date +%s) + {timer_s} )) > {here}/armed"
    yield "if test -d /run/systemd/system; then"
    unit = f"--unit={names.tag} --on-active={timer_s} --timer-property=AccuracySec=1s"
    yield f"  systemd-run --quiet {unit} sh -c {guarded}"
    yield f"else setsid sh -c {slept} > /dev/null 2>&1 < /dev/null & fi"


def _paths(name: str, content: str) -> Iterator[Path]:
    block = f"file {name}"
    yield (block,)
    seen: dict[str, int] = {}
    for line in content.splitlines():
        if line.strip():
            seen[line] = seen.get(line, 0) + 1
            yield (block, line if seen[line] == 1 else f"{line} ({seen[line]})")
    yield (block, f"the file as a whole, sha256 {hashlib.sha256(content.encode()).hexdigest()[:12]}")


def _diff(path: str, had: str | None, has: str | None) -> Iterator[str]:
    if had == has:
        return
    old, new = (had or "").splitlines(), (has or "").splitlines()
    yield f"{' ' if had is not None and has is not None else '-' if has is None else '+'}file {path}"
    for line in difflib.unified_diff(old, new, lineterm="", n=0):
        if not line.startswith(("---", "+++", "@@")):
            yield f"{line[0]} {line[1:]}".rstrip()


def _beneath(path: str) -> str:
    name = path.strip()
    inside = any(name == root or name.startswith(f"{root}/") for root in ROOTS)
    if not inside or posixpath.normpath(name) != name:
        raise InvalidInput(
            f"{name!r} is not a file of the network configuration; those are beneath {', '.join(ROOTS)}. Other files "
            "go there by `copy`."
        )
    return name


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InvalidInput(f"{command!r} cannot be split into words: {error}.") from error
