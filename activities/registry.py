"""All activities that a worker registers, built from its ports. Nothing here reads settings or opens anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from activities.aftermath import Aftermath
from activities.ansible.engine import Ansible
from activities.ansible.running import Playbook
from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactStore
from activities.ask import Ask
from activities.awx.engine import Awx
from activities.awx.launching import Launch
from activities.cancels import Cancels
from activities.claims import Claiming
from activities.confirm import Confirm
from activities.definitions import Definitions
from activities.divide import Divide
from activities.folds import Fold
from activities.http import Http
from activities.interact import Interact
from activities.leases import Leasing
from activities.notify import Notify, NotifyTarget
from activities.pools import Pools
from activities.prepare import Knowledge, Prepare
from activities.proposals import Proposals
from activities.reachable import Reachable
from activities.scripts import Engine, Script, Scripts
from activities.seal import Seal
from activities.sessions import Sessions
from activities.states import States
from activities.undo import Undo
from activities.windows import Windows
from workflows import contracts

NAMES: Final = (
    contracts.PREPARE,
    contracts.INTERACT,
    contracts.UNDO,
    contracts.CONFIRM,
    contracts.FOLD,
    contracts.KEEP,
    contracts.PROPOSALS,
    contracts.COMPARE,
    contracts.SAVE_STATE,
    contracts.LOAD_STATE,
    contracts.NOTIFY,
    contracts.SEAL,
    contracts.LEASE,
    contracts.RELEASE,
    contracts.HOLDER,
    contracts.HOLDERS,
    contracts.CLAIM,
    contracts.FOLLOW,
    contracts.LOOK,
    contracts.SERVED,
    contracts.DIVIDE,
    contracts.WINDOW,
    contracts.HTTP,
    contracts.ASK,
    contracts.REACHABLE,
    contracts.REQUEST_CANCEL,
    contracts.SCRIPT,
)


@dataclass(frozen=True, slots=True)
class Activities:
    """The ports of a worker.

    Args:
        store: The artifact store.
        definitions: Where definitions are found.
        knowledge: What the settings name; its ``targets``, ``credentials`` and ``scripts`` are names only.
        sessions: How devices are logged in to; its secrets identify us to systems too.
        targets: Who can be told, by name.
        scripts: What can be run, by name.
        playbooks: What Ansible can be told to run, by name.
        launches: What AWX can be told to launch, by name.
        run_url: Where the Web UI shows a run, with ``{id}`` in it for the workflow id; empty where there is none.
    """

    store: ArtifactStore
    definitions: Definitions
    knowledge: Knowledge
    sessions: Sessions
    targets: Mapping[str, NotifyTarget] = field(default_factory=dict)
    scripts: Mapping[str, Script] = field(default_factory=dict)
    playbooks: Mapping[str, Playbook] = field(default_factory=dict)
    launches: Mapping[str, Launch] = field(default_factory=dict)
    run_url: str = ""

    def callables(self) -> list[Callable[..., Any]]:  # Any: they differ in argument and result
        """What a Temporal worker takes: one callable for each name of `workflows/contracts.py`."""
        documents, leasing = Documents(self.store), Leasing()
        claiming, undo = Claiming(), Undo(documents, self.sessions)
        fold, states = Fold(documents), States(documents)
        http = Http(self.store, self.knowledge.systems, self.sessions.secrets)
        proposals = Proposals(documents)
        engines: dict[str, Engine] = {
            "ansible": Ansible(documents, self.sessions.secrets, self.playbooks),
            "awx": Awx(http, self.launches),
        }
        found: dict[str, Callable[..., Any]] = {
            contracts.PREPARE: Prepare(documents, self.definitions, self.knowledge).prepare,
            contracts.INTERACT: Interact(documents, self.sessions).interact,
            contracts.UNDO: undo.undo,
            contracts.CONFIRM: Confirm(documents, self.sessions).confirm,
            contracts.FOLD: fold.fold,
            contracts.KEEP: fold.keep,
            contracts.PROPOSALS: proposals.proposals,
            contracts.COMPARE: proposals.compare,
            contracts.SAVE_STATE: states.save,
            contracts.LOAD_STATE: states.load,
            contracts.NOTIFY: Notify(documents, self.targets, self.run_url).notify,
            contracts.SEAL: Seal(documents).seal,
            contracts.LEASE: leasing.lease,
            contracts.RELEASE: leasing.release,
            contracts.HOLDER: leasing.holder,
            contracts.HOLDERS: leasing.holders,
            contracts.CLAIM: claiming.claim,
            contracts.FOLLOW: claiming.follow,
            contracts.LOOK: Aftermath(documents, undo).look,
            contracts.SERVED: Pools().served,
            contracts.DIVIDE: Divide(documents).divide,
            contracts.WINDOW: Windows().window,
            contracts.HTTP: http.http,
            contracts.ASK: Ask(http).ask,
            contracts.REACHABLE: Reachable(documents, self.sessions).reachable,
            contracts.REQUEST_CANCEL: Cancels().request_cancel,
            contracts.SCRIPT: Scripts(self.store, self.scripts, engines).script,
        }
        assert tuple(found) == NAMES, "the contracts name an activity that nobody carries out, or the other way round"
        return list(found.values())
