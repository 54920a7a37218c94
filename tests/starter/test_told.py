"""Commands as people are told to type them."""

import contextvars

import pytest

from starter.told import talks_to, told, told_in


def said(address: str, namespace: str) -> str:
    """What somebody is told who talks to this server."""

    def ask() -> str:
        talks_to(address, namespace)
        return told("netsaga watch last")

    return contextvars.copy_context().run(ask)


@pytest.mark.parametrize(
    ("address", "namespace", "more"),
    [
        ("127.0.0.1:7233", "default", ""),
        ("temporal.lab:7233", "default", " --address temporal.lab:7233"),
        ("127.0.0.1:7233", "campus", " --namespace campus"),
        ("[::1]:7233", "new york", " --address '[::1]:7233' --namespace 'new york'"),
    ],
)
def test_a_command_names_its_server_where_it_is_not_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, address: str, namespace: str, more: str
) -> None:
    monkeypatch.delenv("NETSAGA_ADDRESS", raising=False)
    assert said(address, namespace) == f"netsaga watch last{more}"


def test_the_environment_says_which_one_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSAGA_ADDRESS", "temporal.lab:7233")
    assert said("temporal.lab:7233", "default") == "netsaga watch last"
    assert said("127.0.0.1:7233", "default") == "netsaga watch last --address 127.0.0.1:7233"


def test_who_has_named_no_server_is_told_none() -> None:
    assert contextvars.Context().run(told, "netsaga list") == "netsaga list"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("put sw1 right, then `netsaga quarantine clear sw1 --by NAME`", "netsaga quarantine clear{} sw1 --by NAME`"),
        ("2 are quarantined; `netsaga quarantine` lists them", "`netsaga quarantine{}` lists"),
        ("pause it, too: netsaga pause x/child --by NAME", "netsaga pause{} x/child --by NAME"),
        ("the whole diff: netsaga artifact sha256:ab", "netsaga artifact sha256:ab"),
        ("a part of netsaga watched it", "of netsaga watched it"),
    ],
)
def test_commands_in_what_a_run_says_name_its_readers_server(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    monkeypatch.delenv("NETSAGA_ADDRESS", raising=False)

    def read(address: str) -> str:
        talks_to(address, "default")
        return told_in(text)

    assert expected.format(" --address lab:7233") in contextvars.copy_context().run(read, "lab:7233")
    assert contextvars.copy_context().run(read, "127.0.0.1:7233") == text
