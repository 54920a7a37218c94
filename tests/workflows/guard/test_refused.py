"""A run that is refused after it has claimed its work gives that back: nobody is left to wait for it.

``refused-with-its-work-before`` is a run as it was before the patch ``refused-gives-its-work-back``, on that very path.
"""

import pytest
from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from guarded import Guarded, known, serving
from histories import kept
from plans import changing, plan, ref
from running import REQUEST, Live, Server
from workflows import contracts
from workflows.contracts import Prepared, PrepareInput, RunResult
from workflows.errors import failure
from workflows.plan import Constant, Dedup


class Moved(Guarded):
    """A world in which nothing can be planned any more as it was."""

    @activity.defn(name=contracts.PREPARE)
    async def prepare(self, call: PrepareInput) -> Prepared:
        """Refuses to plan anew."""
        if call.request.mode == "plan":
            raise failure("invalid_input", "the inventory has no such device any more")
        return await super().prepare(call)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.history("refused-with-its-work")
async def test_a_run_that_is_refused_after_it_has_claimed_its_work_gives_it_back(server: Server) -> None:
    dedup = Dedup(key=Constant(value="RITM1"), on_duplicate="queue")
    mine = Moved(plan(changing("deploy")).model_copy(update={"dedup": dedup}), ("sw1",))
    mine.guard = "guard-of-the-refused"
    planned = {**REQUEST, "proposal": {"digest": "a" * 64, "ref": ref("planned")}}
    async with serving(server, mine) as runs:
        handle = await server.client.start_workflow(
            contracts.RUN, planned, id="run-that-is-refused", task_queue=runs.queue, result_type=RunResult
        )
        error = await Live(handle, mine).end()
        await runs.keep(Live(handle, mine))
        state = await known(server, mine)
    assert isinstance(error, ApplicationError)
    assert "no such device any more" in error.message
    assert (state.claims, state.claim_queue) == ((), ())
    assert mine.calls == [], "no device was touched"


async def test_a_run_that_was_refused_before_goes_on_as_it_was_begun(
    replayer: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept("refused-with-its-work-before.run")
    assert (await replayer.replay_workflow(before)).replay_failure is None
    others = workflow.patched
    patch = "refused-gives-its-work-back"
    monkeypatch.setattr(workflow, "patched", lambda name: name == patch or others(name))
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(before)
