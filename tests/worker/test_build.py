"""The Temporal worker as it is built, in the test's own process and against a real server."""

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowFailureError
from temporalio.common import WorkerDeploymentVersion
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.registry import NAMES
from worker.build import build_worker, identity
from worker.ports import build_activities, host_keys
from worker.server import wait_until_polling
from worker.settings import Settings, SshSettings, parse
from workflows.contracts import BATCH, GUARD, RUN, TASK_QUEUE


def settings_in(folder: Path, text: str = "") -> Settings:
    return parse(text, folder / "netsaga.yaml")


def build(server: WorkflowEnvironment, settings: Settings) -> Worker:
    return build_worker(server.client, settings, build_activities(settings, search_attributes=True))


async def test_every_activity_and_workflow_of_the_contracts_is_registered(
    server: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with build(server, settings_in(tmp_path)) as worker:
        config = worker.config()
    activities = {activity._Definition.must_from_callable(call).name for call in config.get("activities", ())}
    workflows = {workflow._Definition.must_from_class(kind).name for kind in config.get("workflows", ())}
    assert activities == set(NAMES)
    assert workflows == {RUN, BATCH, GUARD}


async def test_runs_are_taken_up_again_soon_after_a_worker_died(server: WorkflowEnvironment, tmp_path: Path) -> None:
    async with build(server, settings_in(tmp_path)) as worker:
        config = worker.config()
    assert config.get("sticky_queue_schedule_to_start_timeout") == timedelta(seconds=2)
    assert config.get("max_heartbeat_throttle_interval") == timedelta(seconds=1)
    assert config.get("graceful_shutdown_timeout", timedelta(0)) > timedelta(0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("versioning: {deployment: campus, build: '7'}", WorkerDeploymentVersion("campus", "7"))],
)
async def test_versioning_is_off_until_a_build_is_named(
    server: WorkflowEnvironment, tmp_path: Path, text: str, expected: WorkerDeploymentVersion | None
) -> None:
    async with build(server, settings_in(tmp_path, text)) as worker:
        config = worker.config()
    deployment = config.get("deployment_config")
    assert (deployment and deployment.version) == expected
    assert config.get("build_id") == (None if expected else f"netsaga-{version('netsaga')}")


async def test_a_run_gets_through_and_the_server_sees_the_worker_poll(
    server: WorkflowEnvironment, tmp_path: Path
) -> None:
    settings = settings_in(tmp_path)
    async with build(server, settings):
        assert await wait_until_polling(server.client, TASK_QUEUE, identity())
        with pytest.raises(WorkflowFailureError):
            await server.client.execute_workflow(RUN, {"definition": "nope"}, id="nope", task_queue=TASK_QUEUE)


def test_without_a_known_hosts_file_of_our_own_the_users_is_read() -> None:
    assert host_keys(SshSettings()).known_hosts == str(Path.home() / ".ssh" / "known_hosts")
    assert host_keys(SshSettings(host_keys="accept_any")).policy == "accept_any"
