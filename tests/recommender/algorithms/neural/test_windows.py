import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.algorithms.neural.windows import Epoch, hold_out
from recommender.algorithms.sequence_scorer import gap_kinds
from recommender.datasets.interactions import Sequences, offsets_of
from recommender.errors import NotEnoughData


def lists_of(lengths: list[int]) -> Sequences:
    """Entry k of all lists together is k, so that a step from k to k + 1 is known by its number."""
    return Sequences(offsets_of(np.array(lengths, np.int64)), np.arange(sum(lengths), dtype=np.int32))


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=20),
    st.integers(2, 12),
    st.integers(1, 8),
    st.integers(0, 99),
    st.none() | st.integers(1, 5),
)
def test_every_step_is_learnt_exactly_once(
    lengths: list[int], max_length: int, batch_size: int, seed: int, n_shapes: int | None
) -> None:
    lists = lists_of(lengths)
    seen: list[int] = []
    epoch = Epoch(lists, max_length, batch_size, np.random.default_rng(seed), n_shapes)
    batches = list(epoch)
    assert len(batches) == len(epoch)
    for batch in batches:
        assert batch.inputs.shape == batch.targets.shape == batch.weights.shape
        assert batch.inputs.shape[0] <= batch_size
        assert batch.inputs.shape[1] <= max_length
        is_event = batch.weights == 1
        assert (batch.targets[is_event] == batch.inputs[is_event] + 1).all()
        seen.extend(batch.inputs[is_event].tolist())
    if n_shapes:
        shapes = {batch.inputs.shape for batch in batches}
        assert {rows for rows, _ in shapes} <= {batch_size}
        assert len(shapes) <= n_shapes
    expected = [
        k for start, length in zip(lists.offsets, lengths, strict=False) for k in range(start, start + length - 1)
    ]
    assert sorted(seen) == expected


def test_held_out_events_are_the_last_ones_and_are_not_trained_on() -> None:
    lists = lists_of([5] * 100 + [2])
    training, held_out = hold_out(lists, np.random.default_rng(0))
    assert len(held_out.histories) == 20
    assert ((held_out.next_index + 1) % 5 == 0).all()
    assert not np.isin(held_out.next_index, training.activity_index).any()
    assert len(training.activity_index) == 502 - 20
    assert all(
        history[-1] + 1 == answer for history, answer in zip(held_out.histories, held_out.next_index, strict=True)
    )


def test_no_step_at_all_is_said() -> None:
    with pytest.raises(NotEnoughData, match="order"):
        hold_out(lists_of([1, 1]), np.random.default_rng(0))


def test_gaps_come_with_their_events_whatever_the_window() -> None:
    """Entry k of all lists lies 2**(k % 30) seconds after the one before it."""
    plain = lists_of([30] * 200)
    gaps = np.where(np.arange(6000) % 30, 2 ** (np.arange(6000) % 30), 0)
    kinds_of_all = gap_kinds(np.cumsum(gaps), plain.lengths)
    lists = Sequences(plain.offsets, plain.activity_index, kinds_of_all.astype(np.int64))
    epoch = Epoch(lists, 12, 16, np.random.default_rng(1), has_gaps=True)
    are_shown = []
    for batch in (epoch[number] for number in range(len(epoch))):
        events, kinds = batch.inputs
        is_event = batch.weights == 1
        assert (batch.targets[is_event] == events[is_event] + 1).all()
        is_known = (kinds > 0).any(axis=1)
        place = events % 30
        right = np.where(place > 0, place + 1, 0)
        assert (kinds == right * is_known[:, None])[is_event].all()
        are_shown.extend(is_known[(right * is_event).any(axis=1)])
    assert np.mean(are_shown) == pytest.approx(0.9, abs=0.04)
    first, again = epoch[3].inputs, epoch[3].inputs
    assert np.array_equal(first[1], again[1])  # by its number alone, for a training that goes on


def test_a_share_of_what_is_given_is_noise_and_what_follows_is_not() -> None:
    lists = lists_of([30] * 200)
    epoch = Epoch(lists, 30, 16, np.random.default_rng(1), noise_share=0.3)
    batches = [epoch[number] for number in range(len(epoch))]
    is_noise = np.concatenate([(one.inputs != one.targets - 1)[one.weights == 1] for one in batches])
    assert is_noise.mean() == pytest.approx(0.3, abs=0.03)
    assert sorted(np.concatenate([one.targets[one.weights == 1] for one in batches])) == [
        k for k in range(6000) if k % 30
    ]
    assert np.array_equal(epoch[3].inputs, batches[3].inputs)  # by its number alone, for a training that goes on


@given(st.lists(st.integers(0, 40), min_size=1, max_size=20), st.floats(0.01, 1000), st.integers(0, 99))
def test_what_is_told_of_later_events_stays_in_the_list(lengths: list[int], target_steps: float, seed: int) -> None:
    lists = lists_of(lengths)
    ends = np.repeat(lists.offsets[1:], lists.lengths)
    for batch in Epoch(lists, 12, 4, np.random.default_rng(seed), 3, target_steps=target_steps):
        is_event = batch.weights == 1
        given_, told = batch.inputs[is_event], batch.targets[is_event]
        assert (told > given_).all()
        assert (told < ends[given_]).all()


def test_later_events_are_told_by_their_distance() -> None:
    """Of three that follow, those 1, 2 and 3 later as exp(-k / 2) says, from the first event of each list."""
    lists = lists_of([4] * 20_000)
    batches = list(Epoch(lists, 4, 512, np.random.default_rng(0), target_steps=2.0))
    steps = np.concatenate([(one.targets - one.inputs)[:, 0] for one in batches])
    expected = np.exp(-np.arange(1, 4) / 2)
    assert np.bincount(steps)[1:] / len(steps) == pytest.approx(expected / expected.sum(), abs=0.015)
    again = Epoch(lists, 4, 512, np.random.default_rng(0), target_steps=2.0)
    assert np.array_equal(again[3].targets, batches[3].targets)
