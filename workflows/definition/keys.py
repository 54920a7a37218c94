"""Which keys stand where, as the shape passes want them: all taken from the models of the language.

A key is added to its model under `language/`; here it then appears by itself, as it does in schema, reference and
builder. Names and their order are read at import; nothing is validated with the models here.
"""

from collections.abc import Mapping
from typing import Final

from workflows.definition.language import actions, definition, inputs, keys_of, rollout, steps

Keys = tuple[str, ...]
Later = Mapping[str, str]  # key: what to do instead, or nothing

TOP: Final[Keys] = keys_of(definition.Definition)
DEDUP: Final[Keys] = keys_of(definition.Dedup)
INPUT: Final[Keys] = keys_of(inputs.Input)
INVENTORY: Final[Keys] = keys_of(definition.Inventory)
EXPECT: Final[Keys] = keys_of(definition.Expect)
DEFAULTS: Final[Keys] = keys_of(definition.Defaults)
RETRY: Final[Keys] = keys_of(rollout.Retry)

VERBS: Final[Keys] = tuple(steps.STEPS)
STEP: Final[Keys] = keys_of(steps.TimedStep)
# What belongs to a verb beside the common keys, the verb itself included.
STEP_OPTIONS: Final[Mapping[str, Keys]] = {
    verb: tuple(name for name in keys_of(part) if name not in STEP) for verb, part in steps.STEPS.items()
}
CONCURRENCY: Final[Keys] = keys_of(rollout.Concurrency)
WAVE: Final[Keys] = keys_of(rollout.Wave)
ACCEPT: Final[Keys] = keys_of(rollout.Accept)
WINDOW: Final[Keys] = keys_of(rollout.Window)
BREAKER: Final[Keys] = keys_of(rollout.Breaker)
MAINTENANCE: Final[Keys] = keys_of(steps.Maintenance)
ON_FAILURE: Final[Keys] = keys_of(rollout.OnFailure)

APPROVE: Final[Keys] = keys_of(steps.Approval)
ESCALATE: Final[Keys] = keys_of(rollout.Escalation)
HTTP: Final[Keys] = keys_of(steps.Request)
HTTP_METHODS: Final[Keys] = HTTP[: HTTP.index("query")]
WAIT: Final[Keys] = keys_of(steps.Waiting)
WAIT_KINDS: Final[Keys] = tuple(name for name in WAIT if name != "payload")  # what rides on `signal` is no kind
WAIT_WINDOW: Final[Keys] = keys_of(rollout.WaitWindow)
NOTIFY: Final[Keys] = keys_of(steps.Notification)

ACTIONS: Final[Keys] = tuple(actions.ACTIONS)
# What may stand beside an action's verb.
ACTION_OPTIONS: Final[Mapping[str, Keys]] = {
    verb: tuple(name for name in keys_of(part) if name != verb) for verb, part in actions.ACTIONS.items()
}
ACTION_ITEM_LATER: Final[Later] = {
    "when": "put a `when` on the step",
    "timeout": "set it on the step",
    "retry": "set it on the step",
}
SHOW: Final[Keys] = keys_of(actions.Show)
RUN: Final[Keys] = keys_of(actions.Command)
RPC: Final[Keys] = keys_of(actions.Operation)
COPY: Final[Keys] = keys_of(actions.File)
INTERACT: Final[Keys] = keys_of(actions.Interaction)
EXCHANGE: Final[Keys] = keys_of(actions.Exchange)
WITHIN: Final[Keys] = keys_of(actions.Within)
CONFIRM: Final[Keys] = keys_of(actions.Confirm)
COMPARE: Final[Keys] = keys_of(actions.Comparison)
EXPECTATION: Final[Keys] = keys_of(actions.Difference)
CHANGE: Final[Keys] = keys_of(actions.Change)
CHECK: Final[Keys] = keys_of(rollout.Check)
