"""The door for messages: shut until the run knows where it stands, and no update comes through it twice.

The first execution of a run opens it at once. One that goes on after continue-as-new first reads the state; what people
send meanwhile waits. The server forgets the ids of updates when a run continues as new, so they are kept here.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from workflows.run.state import RunState

KEPT: Final = 1_000  # answers; a client repeats an update within seconds

M = TypeVar("M", bound=BaseModel)


class Door:
    """Lets messages in."""

    def __init__(self, state: RunState, *, is_open: bool) -> None:
        self._state = state
        self._open = is_open
        self._early: list[Callable[[], None]] = []

    def signal(self, act: Callable[[], None]) -> None:
        """Takes a signal in, now or as soon as the door opens."""
        if self._open:
            act()
        else:
            self._early.append(act)

    async def update(self, answer_type: type[M], act: Callable[[], M]) -> M:
        """Carries an update out once, however often its id comes; its answer stays the same."""
        await workflow.wait_condition(lambda: self._open)
        update = _update_id()
        handled = self._state.handled
        if update in handled:
            return answer_again(answer_type, update, handled[update])
        answer = act()
        handled[update] = answer.model_dump(mode="json")
        while len(handled) > KEPT:
            handled.pop(next(iter(handled)))
        return answer

    def passes(self) -> bool:
        """Whether an update need not be judged now: it was answered before, or the state is not there yet."""
        return not self._open or _update_id() in self._state.handled

    def open(self) -> None:
        """Lets in what has waited, in its order."""
        self._open = True
        early, self._early = self._early, []
        for act in early:
            act()


def answer_again(answer_type: type[M], update: str, answer: JsonValue) -> M:
    """What an update was answered. Its id may come again with another one: ids are free for all after a while."""
    try:
        return answer_type.model_validate(answer)
    except ValidationError:
        said = f"the update id `{update}` was used before, for something else; send it with another one"
        raise ApplicationError(said, type="invalid_input") from None


def _update_id() -> str:
    info = workflow.current_update_info()
    assert info is not None, "asked outside an update"
    return info.id
