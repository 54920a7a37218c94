"""Guards, and runs that talk to them, that began before a change go on as they were begun.

``guard-looks-before`` asked about each run by an activity of its own, and set a timer though nobody waited any more;
``guard-tells-before`` told a run that it was its turn which had given its devices back meanwhile; the run of
``leased-late-before`` took such a word for the answer to what it had asked for since. ``guard-hears-before`` took a run
for closed that had asked for something since it was looked at, and the run of ``reset-open-before`` took it for granted
that it holds what it held before it was reset.
"""

import pytest
from temporalio import workflow
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from histories import kept

BEFORE = {
    "looks-at-all-at-once": "guard-looks-before",
    "tells-those-who-hold": "guard-tells-before",
    "leased-when-asked": "leased-late-before",
    "heard-since-the-look": "guard-hears-before",
    "asks-after-a-reset": "reset-open-before",
}


@pytest.mark.parametrize("patch", BEFORE)
async def test_what_began_before_goes_on_as_it_was_begun(
    patch: str, replayer: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await replayer.replay_workflow(kept(f"{BEFORE[patch]}.run"))).replay_failure is None
    others = workflow.patched
    monkeypatch.setattr(workflow, "patched", lambda name: name == patch or others(name))
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(kept(f"{BEFORE[patch]}.run"))
