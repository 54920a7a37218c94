"""Keys that an SSH agent holds: a real ssh-agent, asked for what the credential names, blamed where it is at fault."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.testbed import DeviceSpec, Login, Testbed
from activities.deviceinteraction.transport.login import closed, connect
from devicelab import LIMITS, Lab, lab_in

pytestmark = pytest.mark.skipif(shutil.which("ssh-agent") is None, reason="needs Debian's openssh-client")


class Agent:
    """An ssh-agent of its own, and keys in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = str(folder / "agent")

    def run(self, *argv: str) -> None:
        environment = {"PATH": os.environ["PATH"], "SSH_AUTH_SOCK": self.socket}
        subprocess.run(argv, check=True, env=environment, capture_output=True, timeout=30)

    def key(self, name: str) -> str:
        """The public half of a new key."""
        self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name))
        return (self.folder / f"{name}.pub").read_text()

    def add(self, name: str, *options: str) -> None:
        self.run("ssh-add", "-q", *options, str(self.folder / name))


@pytest.fixture
def agent() -> Iterator[Agent]:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path is short
        made = Agent(Path(folder))
        # It goes to the background once it listens, and says by which process it can be ended.
        said = subprocess.run(["ssh-agent", "-s", "-a", made.socket], check=True, capture_output=True, text=True)
        pid = said.stdout.partition("SSH_AGENT_PID=")[2].partition(";")[0]
        yield made
        subprocess.run(["ssh-agent", "-k"], check=False, capture_output=True, env={**os.environ, "SSH_AGENT_PID": pid})


def by_agent(lab: Lab, agent: str, public_key: str | None = None) -> Lab:
    credential = replace(lab.target.credential, password=None, agent=agent, public_key=public_key)
    return replace(lab, target=replace(lab.target, credential=credential))


async def prompt(lab: Lab) -> str:
    async with lab.session() as session:
        return session.transport.prompt


async def refusal(lab: Lab) -> str:
    with pytest.raises(Permanent) as failed:
        await prompt(lab)
    return failed.value.message


async def test_the_keys_of_an_agent_log_in_and_what_it_lacks_is_said(agent: Agent, tmp_path: Path) -> None:
    known, other = agent.key("known"), agent.key("other")
    spec = DeviceSpec(name="acc-001", platform="arista_eos", number=1)
    async with Testbed.start(state=tmp_path, devices=[spec], login=Login(public_key=known)) as testbed:
        lab = lab_in(testbed, "acc-001")
        assert "holds no keys; see `ssh-add -l`" in await refusal(by_agent(lab, agent.socket))
        agent.add("other")
        agent.add("known")
        assert await prompt(by_agent(lab, agent.socket)) == "acc-001#"
        assert await prompt(by_agent(lab, agent.socket, known)) == "acc-001#"
        assert "was refused" in await refusal(by_agent(lab, agent.socket, other))
        agent.run("ssh-add", "-q", "-d", str(agent.folder / "known"))
        assert "holds not the key that `public_key` names" in await refusal(by_agent(lab, agent.socket, known))
        agent.add("known", "-c")  # nobody is there to confirm
        assert "its agent signs" in await refusal(by_agent(lab, agent.socket, known))
        assert "`public_key` of the credential cannot be read" in await refusal(by_agent(lab, agent.socket, "ssh-rsa"))
        assert "cannot be asked" in await refusal(by_agent(lab, f"{agent.socket}-gone"))


async def test_files_commands_and_jump_hosts_use_the_agent_too_and_a_password_beside_it(
    agent: Agent, tmp_path: Path
) -> None:
    known, spec = agent.key("known"), DeviceSpec(name="acc-001", platform="arista_eos", number=1)
    agent.key("other")
    async with Testbed.start(state=tmp_path, devices=[spec], login=Login(public_key=known)) as testbed:
        lab = lab_in(testbed, "acc-001")
        for held, password in (("other", SecretStr("netsaga-lab")), ("known", None)):
            agent.add(held)
            credential = replace(lab.target.credential, agent=agent.socket, password=password)
            await closed(await connect(replace(lab.target, credential=credential), lab.host_keys, LIMITS))
