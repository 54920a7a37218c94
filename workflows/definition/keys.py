"""Which keys stand where, and which of the designed language is not built yet, with what to do instead.

Data only. A key that moves from `LATER` to a pass is a feature; "not supported yet" and "not valid" stay different.
"""

from collections.abc import Mapping
from typing import Final

Keys = tuple[str, ...]
Later = Mapping[str, str]  # key: what to do instead, or nothing

TOP: Final[Keys] = (
    "netsaga", "name", "version", "description", "inputs", "dedup", "inventory", "defaults", "steps", "finally",
    "outputs",
)  # fmt: skip
DEDUP: Final[Keys] = ("key", "on_duplicate")

INPUT: Final[Keys] = (
    "type", "required", "default", "description", "pattern", "minimum", "maximum", "min_length", "max_length", "values",
    "multiline", "items", "properties",
)  # fmt: skip

INVENTORY: Final[Keys] = ("source", "select", "expect")
EXPECT: Final[Keys] = ("min", "max")

DEFAULTS: Final[Keys] = ("credential", "timeout", "retry", "concurrency")
RETRY: Final[Keys] = ("attempts", "delay", "factor", "max_delay", "on")

VERBS: Final[Keys] = (
    "devices", "http", "approve", "wait", "call", "script", "ansible", "awx", "notify", "set",
)  # fmt: skip
STEP: Final[Keys] = (
    "id", "needs", "when", "timeout", "deadline", "on_deadline", "retry", "on_failure", "block", "check",
)  # fmt: skip
# What belongs to a verb beside the common keys.
STEP_OPTIONS: Final[Mapping[str, Keys]] = {
    "devices": (
        "devices", "do", "concurrency", "waves", "window", "accept", "budget", "apart", "together", "order", "breaker",
        "undo", "maintenance", "credential",
    ),
    "http": ("http",),
    "approve": ("approve", "on_timeout", "escalate"),
    "wait": ("wait",),
    "call": ("call", "with"),
    "script": ("script", "with"),
    "ansible": ("ansible", "with"),
    "awx": ("awx", "with"),
    "notify": ("notify",),
    "set": ("set",),
}  # fmt: skip
CONCURRENCY: Final[Keys] = ("total", "per", "each")
WAVE: Final[Keys] = ("name", "size", "per", "select", "soak")
ACCEPT: Final[Keys] = ("succeeded", "failed")
WINDOW: Final[Keys] = ("cron", "duration", "time_zone", "on_closed")
BREAKER: Final[Keys] = ("failures", "within")
MAINTENANCE: Final[Keys] = ("enter", "leave")
ON_FAILURE: Final[Keys] = ("undo", "of")

APPROVE: Final[Keys] = ("by", "quorum", "not_by", "binds", "via")
ESCALATE: Final[Keys] = ("to", "timeout", "then")
HTTP_METHODS: Final[Keys] = ("get", "head", "post", "put", "patch", "delete")
HTTP: Final[Keys] = (*HTTP_METHODS, "query", "headers", "json", "status")
WAIT_KINDS: Final[Keys] = ("for", "until", "window", "signal", "devices")
WAIT: Final[Keys] = (*WAIT_KINDS, "payload")
WAIT_WINDOW: Final[Keys] = ("cron", "duration", "time_zone")
NOTIFY: Final[Keys] = ("to", "template", "message")

ACTIONS: Final[Keys] = ("show", "check", "snapshot", "propose", "apply", "configure")
ACTIONS_LATER: Final[Later] = {
    "compare": "take a `snapshot` and `check` what must hold",
    "confirm": "",
    "rpc": "",
    "run": "",
    "copy": "",
    "interact": "",
    "reboot": "",
    "reachable": "",
    "save": "write `save: true` beside `apply` or `configure`",
}
ACTION_OPTIONS: Final[Mapping[str, Keys]] = {
    "show": ("as",),
    "check": (),
    "snapshot": ("as",),
    "propose": ("as",),
    "apply": ("as", "save"),
    "configure": ("as", "save"),
}
ACTION_OPTIONS_LATER: Final[Mapping[str, Later]] = {
    "apply": {"confirm": "leave it out: a device that fails is undone from here"},
    "configure": {"confirm": "leave it out: a device that fails is undone from here"},
}
ACTION_ITEM_LATER: Final[Later] = {
    "when": "put a `when` on the step",
    "timeout": "set it on the step",
    "retry": "set it on the step",
}
SHOW: Final[Keys] = ("command", "parse", "min_rows")
CHANGE: Final[Keys] = ("template", "vars", "lines")
CHANGE_LATER: Final[Later] = {
    "replace": "",
    "merge": "leave it out: lines are merged",
    "mode": "leave it out: lines are merged",
}
CHECK: Final[Keys] = ("that", "else", "severity")
SECTIONS: Final[Keys] = ("config", "vlans", "interfaces")
