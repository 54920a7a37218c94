"""The kind of data that plans and messages are made of, and the names of what runs are about."""

from typing import Final, NewType

from pydantic import BaseModel, ConfigDict

PLAN_FORMAT: Final = 1

StepId = NewType("StepId", str)
HostName = NewType("HostName", str)


class Model(BaseModel):
    """Frozen, closed data."""

    # A process uses few of the validators, and all of them took it half of its start: each is built at its first use,
    # with those that it is made of. The worker builds the largest one, that of a plan, before it polls.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants", defer_build=True)
