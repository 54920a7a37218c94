"""What a worker registers is what the contracts name."""

import inspect
import typing
from pathlib import Path

from temporalio import activity

from activities.artifacts.local import LocalArtifactStore
from activities.definitions import Definitions
from activities.deviceinteraction.model import HostKeys
from activities.prepare import Knowledge
from activities.registry import NAMES, Activities
from activities.secrets.store import NamedSecrets
from activities.sessions import Sessions
from workflows import contracts

MESSAGES = {
    contracts.PREPARE: (contracts.PrepareInput, contracts.Prepared),
    contracts.INTERACT: (contracts.InteractInput, contracts.DeviceOutcome),
    contracts.UNDO: (contracts.InteractInput, contracts.DeviceOutcome),
    contracts.CONFIRM: (contracts.InteractInput, contracts.DeviceOutcome),
    contracts.FOLD: (contracts.FoldInput, contracts.FoldResult),
    contracts.KEEP: (contracts.KeepInput, contracts.KeepResult),
    contracts.SAVE_STATE: (contracts.SaveStateInput, contracts.StateRef),
    contracts.LOAD_STATE: (contracts.LoadStateInput, contracts.StatePiece),
    contracts.PROPOSALS: (contracts.ProposalsInput, contracts.ProposalsResult),
    contracts.COMPARE: (contracts.CompareInput, contracts.CompareResult),
    contracts.NOTIFY: (contracts.NotifyInput, contracts.NotifyResult),
    contracts.SEAL: (contracts.SealInput, contracts.SealResult),
    contracts.LEASE: (contracts.LeaseInput, contracts.LeaseAnswer),
    contracts.RELEASE: (contracts.ReleaseInput, contracts.ReleaseAnswer),
    contracts.HOLDER: (contracts.HolderInput, contracts.HolderState),
    contracts.HOLDERS: (contracts.HoldersInput, contracts.HoldersState),
    contracts.CLAIM: (contracts.ClaimInput, contracts.ClaimAnswer),
    contracts.FOLLOW: (contracts.FollowInput, contracts.FollowResult),
    contracts.LOOK: (contracts.LookInput, contracts.LookResult),
    contracts.SERVED: (contracts.PoolInput, contracts.PoolState),
    contracts.DIVIDE: (contracts.DivideInput, contracts.Divided),
    contracts.WINDOW: (contracts.WindowInput, contracts.WindowResult),
    contracts.HTTP: (contracts.HttpInput, contracts.HttpResult),
    contracts.ASK: (contracts.AskInput, contracts.AskResult),
    contracts.REACHABLE: (contracts.ReachableInput, contracts.ReachableResult),
    contracts.REQUEST_CANCEL: (contracts.CancelInput, type(None)),
    contracts.SCRIPT: (contracts.ScriptInput, contracts.ScriptResult),
}


def test_every_activity_of_the_contracts_is_registered_under_its_name_and_with_its_messages(tmp_path: Path) -> None:
    ports = Activities(
        store=LocalArtifactStore(tmp_path),
        definitions=Definitions(),
        knowledge=Knowledge(),
        sessions=Sessions(NamedSecrets({}), HostKeys()),
    )
    found = {}
    for callable_ in ports.callables():
        definition = activity._Definition.must_from_callable(callable_)
        assert inspect.iscoroutinefunction(callable_)
        hints = typing.get_type_hints(callable_)
        (argument,) = [hint for name, hint in hints.items() if name != "return"]
        found[definition.name] = (argument, hints["return"])
    assert found == MESSAGES
    assert tuple(found) == NAMES
