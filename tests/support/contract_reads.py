"""Cases of the contract: what reads, and what is done besides changes: each once, where it has an effect."""

from datetime import timedelta
from typing import get_args

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    InvalidInput,
    OutcomeUnknown,
    Permanent,
    RejectedByDevice,
)
from activities.deviceinteraction.model import Section
from contract_case import case
from contract_rig import Rig, why_not
from devicelab import MemoryJournal


@case("facts")
async def it_says_what_it_is(rig: Rig) -> None:
    async with rig.session() as session:
        facts = await session.facts()
    assert (facts.hostname, facts.platform) == (rig.hostname, rig.platform.name)
    assert facts.vendor
    assert facts.model
    assert facts.version


@case("show")
async def it_answers_a_command_that_reads_and_says_which_it_does_not_know(rig: Rig) -> None:
    async with rig.session() as session:
        assert len(await session.show(rig.shows)) > 10
        with pytest.raises(RejectedByDevice):
            await session.show("show frobnication")
        witness = rig.witness()
        for more in ("configure terminal", "reload", "show version | redirect flash:x", "show v > x", "", "show\nvlan"):
            with pytest.raises(InvalidInput):
                await session.show(more)
    assert rig.witness() == witness


@case("config")
async def its_configuration_is_whole_and_its_fingerprint_moves_with_it(rig: Rig) -> None:
    async with rig.session() as session:
        first = await session.snapshot(["config"])
        again = await session.snapshot(["config"])
        assert first.config
        assert (first.vlans, first.interfaces) == (None, None)
        rig.colleague(rig.theirs)
        moved = await session.snapshot(["config"])
    assert first.config_fingerprint == again.config_fingerprint != moved.config_fingerprint


@case("vlans")
async def its_vlans_have_the_shape_that_all_platforms_share(rig: Rig) -> None:
    async with rig.session() as session:
        state = await session.snapshot(["vlans"])
    assert state.vlans is not None
    assert {10, 20} <= set(state.vlans)
    assert {vlan.status for vlan in state.vlans.values()} == {"active"}
    assert (state.config, state.config_fingerprint, state.interfaces) == (None, None, None)


@case("facts")
async def it_reads_each_section_that_it_declares_and_refuses_the_others(rig: Rig) -> None:
    async with rig.session() as session:
        for section in get_args(Section):
            if (reason := why_not(rig.platform, section)) is None:
                state = await session.snapshot([section])
                assert state.model_fields_set >= {section}
                assert getattr(state, section) is not None, section
                assert all(getattr(state, other) is None for other in get_args(Section) if other != section)
            elif "no `" in reason:
                with pytest.raises((InvalidInput, Permanent)):
                    await session.snapshot([section])


@case("facts")
async def a_fresh_login_is_another_session(rig: Rig) -> None:
    async with rig.session() as session:
        first = session.transport
        await session.reach(timedelta(seconds=10))
        assert session.transport is not first
        assert not first.is_alive()
        assert (await session.facts()).hostname == rig.hostname


@case("run")
async def a_command_with_an_effect_is_run_once(rig: Rig) -> None:
    journal = MemoryJournal()
    async with rig.session() as session:
        assert (await session.run("echo 'two  words'")).strip() == "two  words"
        with pytest.raises(CheckFailed, match="ended with status"):
            await session.run("ls /nowhere")
        first = await session.run("sh -c 'date +%N'", journal)
        assert await session.run("sh -c 'date +%N'", journal.survived()) == first
        begun = MemoryJournal({"begun": {}})
        with pytest.raises(OutcomeUnknown, match="not run again"):
            await session.run("sh -c 'date +%N'", begun)


@case("interact")
async def a_command_that_may_ask_is_sent_once(rig: Rig) -> None:
    journal = MemoryJournal()
    async with rig.session() as session:
        first = await session.exchange(rig.shows, [], journal)
        sent = len(session.transcript.evidence)
        assert await session.exchange(rig.shows, [], journal.survived()) == first
        with pytest.raises(OutcomeUnknown, match="not sent again"):
            await session.exchange(rig.shows, [], MemoryJournal({"begun": {}}))
        assert len(session.transcript.evidence) == sent
        with pytest.raises(CheckFailed, match="ended without that question"):
            await session.exchange(rig.shows, [("are you sure", "yes")], MemoryJournal())


@case("rpc")
async def an_operation_with_an_effect_is_carried_out_once(rig: Rig) -> None:
    operation, journal = "<validate><source><running/></source></validate>", MemoryJournal()
    async with rig.session() as session:
        assert "datastores" in await session.rpc(
            '<get><filter type="subtree"><netconf-state xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring">'
            "<datastores/></netconf-state></filter></get>"
        )
        with pytest.raises(RejectedByDevice):
            await session.rpc('<reset xmlns="urn:nobody"/>', MemoryJournal())
        first = await session.rpc(operation, journal)
        sent = len(session.transcript.evidence)
        assert await session.rpc(operation, journal.survived()) == first
        with pytest.raises(OutcomeUnknown, match="not sent again"):
            await session.rpc(operation, MemoryJournal({"begun": {}}))
        assert len(session.transcript.evidence) == sent


@case("facts")
async def what_it_does_not_offer_is_refused_and_nothing_is_begun(rig: Rig) -> None:
    journal, witness = MemoryJournal(), rig.witness()
    async with rig.session() as session:
        for offered, deed in (
            (rig.offers("run"), lambda: session.run("true", journal)),
            (rig.offers("rpc"), lambda: session.rpc("<get/>", journal)),
            (rig.offers("reboot"), lambda: session.reboot(journal, timedelta(seconds=1))),
        ):
            if not offered:
                with pytest.raises((Permanent, InvalidInput)):
                    await deed()
    assert (journal.entries, rig.witness()) == ({}, witness)
