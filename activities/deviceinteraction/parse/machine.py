"""TextFSM's state machine laid out flat: the same records from the same templates, in less than half the time.

textfsm calls four methods for each rule that a line does not match, looks values up by name, and asks every option of
every value at every record whether it has something to do. Here each state is a row of expressions with the values
that they fill, and only those options are asked that answer. What an option does stays textfsm's own. `templates.py`
keeps these machines; a test compares them with textfsm's for every template of the platforms.
"""

from typing import Any, Final, TextIO

import textfsm  # type: ignore[import-untyped]  # ships no types
from textfsm.parser import SkipRecord  # type: ignore[import-untyped]  # same

_IDLE: Final = textfsm.TextFSMOptions.OptionBase


class Machine(textfsm.TextFSM):  # type: ignore[misc]  # textfsm is not typed
    """A template, compiled. Not for two threads at once: it holds the record under way.

    Args:
        template: The template's file, open.

    Raises:
        textfsm.TextFSMTemplateError: It is no template.
    """

    # Any: textfsm is not typed.
    states: dict[str, Any]
    values: list[Any]
    _cur_state_name: str
    _result: list[list[object]]

    def __init__(self, template: TextIO) -> None:
        super().__init__(template)
        self._assigned = {value.name: _that_do("OnAssignVar", value) for value in self.values}
        self._saved = tuple(option for value in self.values for option in _that_do("OnSaveRecord", value))
        self._cleared = tuple(option for value in self.values for option in _that_do("OnClearVar", value))
        self._rows = {name: tuple(map(self._row, rules)) for name, rules in self.states.items()}
        self.columns = tuple(str(name).lower() for name in self.header)

    def records(self, text: str) -> list[list[object]]:
        """The records of an output, each in the order of `columns`.

        Raises:
            textfsm.TextFSMError: The template says that this is no output of its command.
        """
        self.Reset()  # it keeps what it read last
        found: list[list[object]] = self.ParseText(text)
        return found

    def _CheckLine(self, line: str) -> None:  # noqa: N802  # textfsm's name, as the next two
        for match, fills, rule in self._rows[self._cur_state_name]:
            matched = match(line)
            if matched is None:
                continue
            for group, value, options in fills:
                value.value = matched[group]
                for option in options:
                    option.OnAssignVar()
            if (rule.record_op or rule.line_op) and not self._Operations(rule, line):
                continue
            if rule.new_state:
                self._cur_state_name = rule.new_state
            return

    def _AppendRecord(self) -> None:  # noqa: N802
        try:
            for option in self._saved:
                option.OnSaveRecord()
        except SkipRecord:
            self._ClearRecord()
            return
        record = [value.value for value in self.values]
        if all(found is None or found == [] for found in record):
            return
        self._result.append(["" if found is None else found for found in record])
        self._ClearRecord()

    def _ClearRecord(self) -> None:  # noqa: N802
        for value in self.values:
            value.value = None
        for option in self._cleared:
            option.OnClearVar()

    def _row(self, rule: Any) -> tuple[Any, tuple[tuple[int, Any, tuple[Any, ...]], ...], Any]:  # noqa: ANN401  # as above
        """A rule: what matches a line, which groups of the match fill which values, and the rule itself."""
        expression = rule.regex_obj.regex
        named = ((number, self._GetValue(name)) for name, number in expression.groupindex.items())
        fills = tuple((number, value, self._assigned[value.name]) for number, value in named if value is not None)
        return expression.match, fills, rule


def _that_do(what: str, value: Any) -> tuple[Any, ...]:  # noqa: ANN401  # as above
    """The options of a value that do something at an event."""
    return tuple(option for option in value.options if getattr(type(option), what) is not getattr(_IDLE, what))
