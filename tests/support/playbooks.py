"""The activity with playbooks to run: by the real `ansible-playbook` if there is one, or by a program of a test's."""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.ansible.engine import Ansible
from activities.ansible.running import Playbook, program_of
from activities.artifacts.documents import Documents
from activities.artifacts.local import LocalArtifactStore
from activities.scripts import Scripts
from activities.secrets.store import NamedSecrets, SecretSource
from activities.values import BUNDLE
from activity_bench import SCOPE, environment
from workflows.contracts import ArtifactRef, Bundle, Device, ScriptInput, ScriptResult
from workflows.plan import Plan


def real_ansible() -> str:
    """The real program; where it is missing the calling test is skipped, and in CI fails."""
    program = shutil.which(program_of("ansible-playbook"))
    if program is not None:
        return program
    reason = "needs ansible-core 2.16 or newer (`pip install ansible-core`), on the PATH or beside Python"
    if os.environ.get("CI") == "true":
        pytest.fail(f"tests of real programs must run in CI: {reason}")
    pytest.skip(reason)


class Stage:
    """Playbooks in a folder, and the activity that runs them."""

    def __init__(self, folder: Path, secrets: Mapping[str, SecretSource] | None = None) -> None:
        self.folder = folder
        self.documents = Documents(LocalArtifactStore(folder / "store"))
        self.playbooks: dict[str, Playbook] = {}
        engine = Ansible(self.documents, NamedSecrets(secrets or {}), self.playbooks)
        self.scripts = Scripts(self.documents.store, {}, {"ansible": engine})

    def allow(self, text: str, program: str, name: str = "site", **more: Any) -> None:
        """Allow a playbook, with ``inventory`` beside it unless that is given as ``None``."""
        path = self.folder / f"{name}.yml"
        path.write_text(text)
        given = {"inventory": self.folder / "hosts", **more}
        self.playbooks[name] = replace(Playbook(path, self.folder), program=program, **given)

    def program(self, code: str, **more: Any) -> None:
        """Allow a playbook that is run by a Python program of the test's."""
        path = self.folder / "stand-in"
        path.write_text(f"#!{sys.executable}\n{code}")
        path.chmod(0o755)
        self.allow("- hosts: all\n", str(path), **more)

    def environment(self, attempt: int = 1, again: int = 0) -> ActivityEnvironment:
        """An attempt; ``again`` counts how often an operator has had the step done anew."""
        env = environment(attempt)
        began = env.info.scheduled_time + timedelta(hours=again)
        env.info = replace(env.info, retry_policy=RetryPolicy(maximum_attempts=3 + 3), scheduled_time=began)
        return env

    def input(self, given: object = None, **more: object) -> ScriptInput:
        asked = {"scope": SCOPE, "step": "backup", "engine": "ansible", "run": "site", "given": given}
        return ScriptInput.model_validate({**asked, "timeout_s": 60.0, **more})

    async def run(self, given: object = None, attempt: int = 1, again: int = 0, **more: object) -> ScriptResult:
        return await self.environment(attempt, again).run(self.scripts.script, self.input(given, **more))

    async def refused(self, given: object = None, attempt: int = 1, again: int = 0, **more: object) -> ApplicationError:
        with pytest.raises(ApplicationError) as caught:
            await self.run(given, attempt, again, **more)
        return caught.value

    async def cancelled(self, env: ActivityEnvironment, when: asyncio.Task[None], **more: object) -> ApplicationError:
        """Run it, and cancel it once ``when`` is done; returns what it says of that."""
        running = asyncio.create_task(env.run(self.scripts.script, self.input(None, **more)))
        await when
        env.cancel()
        with pytest.raises(ApplicationError) as caught:
            async with asyncio.timeout(30):
                await running
        return caught.value

    async def run_of(self, *devices: Device) -> ArtifactRef:
        """What `prepare` leaves of a run with these devices."""
        plan = Plan(name="change", version="1.0.0", digest="0" * 64, steps=())
        bundle = Bundle(plan=plan, inputs={}, devices={device.name: device for device in devices})
        return await self.documents.save(bundle, BUNDLE)

    async def log(self, found: ScriptResult) -> str:
        """All that it printed."""
        assert found.log is not None
        return await self.documents.text(found.log)
