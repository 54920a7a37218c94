"""Batches under a cap by a fact: every device once, and no value in two open batches."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from workflows.plan import HostName
from workflows.run.packing import admitted, pack, rounds, usable

SIZE = 5
sites = st.lists(st.sampled_from(["b1", "b2", "b3", "b4", "b5", "b6"]), max_size=60)


def named(values: list[str]) -> dict[HostName, str]:
    return {HostName(f"sw{index}"): value for index, value in enumerate(values)}


def test_without_a_cap_batches_are_cut_in_order() -> None:
    hosts = list(named(["x"] * 7))
    assert pack(hosts, {}, 3) == [tuple(hosts[:3]), tuple(hosts[3:6]), tuple(hosts[6:])]
    assert admitted(pack(hosts, {}, 3), [], {}, 2) == [0, 1]
    assert admitted(pack(hosts, {}, 3), [], {}, -1) == []


@given(sites)
def test_every_device_stands_in_exactly_one_batch_that_is_not_too_large(values: list[str]) -> None:
    caps = named(values)
    batches = pack(list(caps), caps, SIZE)
    assert sorted(host for batch in batches for host in batch) == sorted(caps)
    assert all(1 <= len(batch) <= SIZE for batch in batches)


@given(sites)
def test_a_value_that_fits_into_a_batch_is_not_torn_apart(values: list[str]) -> None:
    caps = named(values)
    batches = pack(list(caps), caps, SIZE)
    for value in set(values):
        if values.count(value) <= SIZE:
            assert sum(value in {caps[host] for host in batch} for batch in batches) == 1


@given(sites)
def test_devices_keep_their_order_within_a_batch_and_batches_that_of_their_first_devices(values: list[str]) -> None:
    caps = named(values)
    place = {host: index for index, host in enumerate(caps)}
    places = [[place[host] for host in batch] for batch in pack(list(caps), caps, SIZE)]
    assert all(batch == sorted(batch) for batch in places)
    assert places == sorted(places, key=lambda batch: batch[0])


@given(sites, st.integers(1, 4), st.randoms(use_true_random=False))
def test_no_value_is_ever_in_two_open_batches_and_all_are_opened_in_the_end(
    values: list[str], most: int, chance: Random
) -> None:
    caps = named(values)
    waiting = pack(list(caps), caps, SIZE)
    opened: list[tuple[HostName, ...]] = []
    done: list[HostName] = []
    while waiting or opened:
        places = admitted(waiting, opened, caps, most - len(opened))
        opened += [waiting[place] for place in places]
        waiting = [batch for index, batch in enumerate(waiting) if index not in places]
        counted = [value for batch in opened for value in {caps[host] for host in batch}]
        assert len(counted) == len(set(counted))
        assert 1 <= len(opened) <= most
        done += opened.pop(chance.randrange(len(opened)))
    assert sorted(done) == sorted(caps)


def test_slots_are_not_given_to_a_batch_that_cannot_use_them() -> None:
    caps = named(["b1"] * 6 + ["b2"])
    assert usable(list(caps), caps, 2) == 3
    assert usable(list(caps), {}, None) == 7


def test_a_change_window_reckons_with_the_fullest_site() -> None:
    caps = named(["b1"] * 6 + ["b2"] * 4)
    assert rounds(list(caps), 5, {}, None) == 2
    assert rounds(list(caps), 5, caps, 2) == 3
