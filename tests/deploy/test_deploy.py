"""What lies in `deploy/`, judged without what would run it: does it parse, and does it say what is true?"""

import configparser
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

from worker.settings import load

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, continued lines joined, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def pins(lock: Path) -> dict[str, str]:
    """Name to version (and marker) of a lock file."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==(.+?) \\$", lock.read_text(), flags=re.MULTILINE))


def test_the_image_installs_by_hash_and_runs_the_worker_as_nobody_special() -> None:
    found = instructions(DEPLOY / "Dockerfile")
    assert {word for word, _ in found} <= {
        "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "STOPSIGNAL", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    installs = [rest for word, rest in found if word == "RUN" and "pip install" in rest]
    assert installs
    assert all("--require-hashes" in install for install in installs)
    assert ("USER", "netsaga") in found
    assert ("ENTRYPOINT", '["/opt/netsaga/bin/python", "-m", "worker"]') in found


def test_the_image_gets_every_file_that_it_copies() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert kept >= {"worker", "workflows", "activities", "starter", "requirements.lock", "deploy/requirements.lock"}
    assert all((ROOT / path).exists() for path in kept)


def test_the_services_mount_files_whose_names_the_settings_use() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert set(compose["services"]) == {"temporal", "worker"}
    targets = {volume.split(":")[1] for volume in compose["services"]["worker"]["volumes"]}
    settings = load(DEPLOY / "netsaga.yaml")
    assert settings.temporal.address == "temporal:7233"
    for path in (settings.inventories["nautobot"].path, settings.ssh.known_hosts):
        assert path is not None
        assert f"/etc/netsaga/{path.name}" in targets
    assert f":{settings.health.port}/readyz" in " ".join(compose["services"]["worker"]["healthcheck"]["test"])


def test_the_servers_options_are_ones_that_it_has() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    options = {word.split("=")[0] for word in compose["services"]["temporal"]["command"] if word.startswith("--")}
    program = Path(sys.executable).with_name("temporal")
    told = "".join(
        subprocess.run([program, *command], capture_output=True, text=True, check=True).stdout
        for command in (["options"], ["server", "start-dev", "--help"])
    )
    assert options <= set(re.findall(r"--[a-z-]+", told))


def test_the_unit_runs_the_worker_and_lets_a_commit_end() -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # typeshed sees a method; the manual says to assign
    unit.read(DEPLOY / "netsaga-worker.service")
    assert unit["Service"]["ExecStart"].endswith("-m worker run --settings /etc/netsaga/netsaga.yaml")
    assert unit["Service"]["TimeoutStopSec"] == "6min"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_lock_files_agree_and_name_no_index() -> None:
    everything, running = pins(ROOT / "requirements.lock"), pins(DEPLOY / "requirements.lock")
    assert running
    assert running.items() <= everything.items()
    for lock in (ROOT / "requirements.lock", DEPLOY / "requirements.lock"):
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text())


def test_every_decision_has_a_number_a_status_and_its_four_parts() -> None:
    records = sorted(path for path in (DEPLOY / "decisions").glob("*.md") if path.name != "README.md")
    numbers = [int(path.name[:4]) for path in records]
    assert numbers == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text()
        assert text.startswith(f"# {path.name[:4]} "), path.name
        for part in ("Status: ", "**Why a choice.**", "**Chosen.**", "**Also looked at.**", "**Costs.**"):
            assert part in text, f"{path.name} lacks {part}"


def test_the_wheel_holds_all_four_packages_with_their_data(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = {
        path.relative_to(ROOT).as_posix()
        for folder in ("worker", "workflows", "activities", "starter")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yaml", ".j2"}
    }
    assert sorted(ours - names) == []


def test_the_page_about_adding_a_platform_names_files_and_tables_that_are_there() -> None:
    page = (DEPLOY / "new-platform.md").read_text()
    paths = set(re.findall(r"`((?:activities|tests)/(?!.*NAME)[\w./]+)`", page))
    assert paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    tables = re.findall(r"^\| `(\w+)`.*?\| `([\w./]+\.py)` \|", page, flags=re.MULTILINE)
    assert {"PlatformName", "PLATFORMS", "QUIET", "PROOFS", "SHOWS"} <= {name for name, _ in tables}
    texts = {path: (ROOT / path).read_text() for _, path in tables}
    assert [name for name, path in tables if not re.search(rf"^{name}\b", texts[path], re.MULTILINE)] == []
