"""Says at start where new runs go, if they do not come here: a build serves nothing new until it is made current.

Which build is current is an operator's decision, made with Temporal's own command line; a worker only looks.
"""

from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from worker.settings import VersioningSettings


async def where_new_runs_go(client: Client, versioning: VersioningSettings) -> str | None:
    """One line about the deployment where another build is current, or none; None where there is nothing to say.

    Args:
        client: Connected to the namespace.
        versioning: The worker's own deployment and build.

    Raises:
        RPCError: The server does not answer.
    """
    deployment, build = versioning.deployment, versioning.build
    if build is None:
        return None
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment)
    try:
        known = await client.workflow_service.describe_worker_deployment(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # it is made a moment after the first poll
            raise
        current = ""
    else:
        current = known.worker_deployment_info.routing_config.current_deployment_version.build_id
    if current == build:
        return None
    others = f"build {current} is current" if current else "no build is current"
    return (
        f"build {build} takes no new runs yet: {others} in the deployment {deployment}. To send them here: temporal "
        f"worker deployment set-current-version --deployment-name {deployment} --build-id {build}"
    )
