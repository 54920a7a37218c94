"""Simulated Junos: operational mode, configuration mode, candidates, locks, commits and rollbacks.

Behaviour and wording follow Juniper, "CLI User Guide for Junos OS": "Configure Command Overview" (exclusive mode, its
lock, and what becomes of changes that were not committed), "Commit the Configuration" (``commit check``, ``commit
confirmed``, of which any later commit or check is the confirmation) and "Roll Back the Configuration".
``configure private`` and ``load`` are not simulated and are refused as unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.deviceinteraction.testbed.cli import Question, Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import junos_tree
from activities.deviceinteraction.testbed.platforms.junos_device import JunosState, words
from activities.deviceinteraction.testbed.platforms.junos_modes import JunosModes
from activities.deviceinteraction.testbed.platforms.junos_schema import Tree
from activities.deviceinteraction.testbed.platforms.junos_tree import Trouble


@dataclass(slots=True)
class _CommitOptions:
    check: bool = False
    quit: bool = False
    comment: str = ""
    minutes: int | None = None


class JunosCli(JunosModes):
    """A login on a simulated EX switch."""

    # Statements

    @command("set <statement...>", mode="config")
    def _set(self, match: Match) -> Reply:
        lock = self.lock_refusal()
        if lock is not None:
            return lock
        paths = junos_tree.resolve(words(match.args["statement"]), self.level)
        if isinstance(paths, Trouble):
            return self.trouble(paths, "set " + match.args["statement"], 1)
        for path in paths:
            junos_tree.put(self.device.candidate, path)
        return Reply()

    @command("delete <statement...>", mode="config")
    def _delete(self, match: Match) -> Reply:
        lock = self.lock_refusal()
        if lock is not None:
            return lock
        path = junos_tree.locate(words(match.args["statement"]), self.level)
        if isinstance(path, Trouble):
            return self.trouble(path, "delete " + match.args["statement"], 1)
        if not junos_tree.remove(self.device.candidate, path):
            return Reply("warning: statement not found")
        return Reply()

    @command("delete", mode="config")
    def _delete_all(self, _match: Match) -> Reply:
        """Without a statement, all that stands at the level goes ("CLI Reference", topic "delete")."""
        lock = self.lock_refusal()
        if lock is not None:
            return lock
        said = "This will delete the entire configuration" if not self.level else ""
        ask = "Delete everything under this level? [yes,no] (no) "
        return Reply(said, question=Question(ask, self._all_deleted))

    def _all_deleted(self, answer: str) -> Reply:
        if answer and "yes".startswith(answer.strip().lower()):
            below = junos_tree.dig(self.device.candidate, self.level)
            if below is not None:
                below.clear()
        return Reply()

    @command("show", "show <path...>", mode="config")
    def _show_candidate(self, match: Match) -> Reply:
        typed = match.args.get("path", "")
        path = junos_tree.locate(words(typed), self.level)
        if isinstance(path, Trouble):
            return self.trouble(path, "show " + typed, 1)
        return self.show_tree(self.device.candidate, " ".join(f'"{word}"' for word in path), self.pipes, headed=False)

    @command("show configuration", "show configuration <path...>")
    def _show_configuration(self, match: Match) -> Reply:
        return self.show_tree(self.device.active, match.args.get("path", ""), self.pipes, headed=True)

    @command("rollback", "rollback <number>", mode="config")
    def _rollback(self, match: Match) -> Reply:
        lock = self.lock_refusal()
        if lock is not None:
            return lock
        number = int(match.args.get("number", "0"))
        commit = self.kept(number)
        if commit is None:
            return Reply(f"error: rollback {number}: no such configuration file", "rejected")
        self.device.load_candidate(commit.tree)
        return Reply("load complete")

    # Commit

    @command("commit", "commit <options...>", mode="config")
    def _commit(self, match: Match) -> Reply:
        options = _commit_options(words(match.args.get("options", "")))
        if isinstance(options, int):
            return self.trouble(Trouble("syntax", options), match.text, 1)
        lock = self.lock_refusal()
        if lock is not None:
            return lock
        troubles = self.device.troubles()
        if troubles:
            return Reply("\n".join([*troubles, "error: configuration check-out failed"]), "rejected")
        self.device.confirm()
        if options.check:
            return Reply("configuration check succeeds")
        return self._committed(options)

    def _committed(self, options: _CommitOptions) -> Reply:
        before: Tree = self.device.active
        via, text = "cli", "commit complete"
        if options.minutes is not None:
            via = f"cli commit confirmed, rollback in {options.minutes}mins"
            text = (
                f"commit confirmed will be automatically rolled back in {options.minutes} minutes unless confirmed\n"
                f"commit complete\n\n# commit confirmed will be rolled back in {options.minutes} minutes"
            )
        self.device.commit(self.user, via=via, comment=options.comment)
        if options.minutes is not None:
            self.device.revert_later(options.minutes * 60, lambda: self._revert_to(before))
        if options.quit:
            text += f"\n{self.left().text}"
        return Reply(text)

    def _revert_to(self, tree: Tree) -> None:
        self.device.load_candidate(tree)
        self.device.commit("root", via="other", comment="rollback of an unconfirmed commit")


def _commit_options(given: list[str]) -> _CommitOptions | int:
    """The options of a commit, or the index of the word that is none."""
    options = _CommitOptions()
    index = 0
    while index < len(given):
        word = given[index]
        following = given[index + 1] if index + 1 < len(given) else ""
        if word == "check":
            options.check = True
        elif word == "and-quit":
            options.quit = True
        elif word == "comment" and following:
            options.comment = following
            index += 1
        elif word == "confirmed":
            options.minutes = int(following) if following.isdigit() else 10
            index += following.isdigit()
        else:
            return index
        index += 1
    return options


class JunosDevice(JunosState):
    """A simulated EX switch."""

    def cli(self, session: int, user: str) -> JunosCli:
        """See `Device.cli`."""
        return JunosCli(self, session, user)

    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:
        """See `Device.change`."""
        cli = self.cli(0, user)
        ending = ["commit and-quit"] if commit else ["exit configuration-mode"]
        for line in ("configure", *lines, *ending):
            self.take_effect()
            mode = cli.mode
            reply = cli.execute(line)
            if reply.question is not None:
                reply = reply.question.answer("yes")
            self.log.command(0, user, mode, line, reply.result, self.take_effect())
            if reply.result == "rejected":
                cli.closed()
                raise ValueError(f"{self.spec.name} refuses {line!r}: {reply.text.strip()}")
