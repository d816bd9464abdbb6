import numpy as np
import pytest

from recommender.algorithms.decayed_moments import moments, moments_around
from recommender.algorithms.sequential_linear import SequentialLinear, SequentialLinearConfig
from recommender.datasets.interactions import Interactions, Sequences
from recommender.errors import InvalidConfig
from tests import toy
from tests.recommender.algorithms.contract import AlgorithmContract


class TestSequentialLinear(AlgorithmContract):
    name = "sequential_linear"
    config = {"regularization": 10.0, "long_steps": 20.0, "neighbours": 24}


class TestSequentialLinearWithOneMemory(AlgorithmContract):
    name = "sequential_linear"
    config = {"short_steps": None, "middle_steps": 3.0, "regularization": 1.0, "target_steps": 0.0}


class TestSequentialLinearOfACalendar(AlgorithmContract):
    name = "sequential_linear"
    config = {"half_life_days": 30.0, "intercept": True, "regularization": 100.0, "long_steps": 20.0}


class TestSequentialLinearAround(AlgorithmContract):
    name = "sequential_linear"
    config = {"context": "around", "length_power": 0.5, "regularization": 1.0}


def step_by_step(
    sequences: Sequences, n: int, decays: list[float], target_decay: float
) -> tuple[np.ndarray, np.ndarray]:
    """Every history and every future as a row, as the definition says."""
    before, after = [], []
    for events in sequences:
        for t in range(1, len(events)):
            views = np.zeros((len(decays), n))
            for view, decay in enumerate(decays):
                for k in range(t):
                    views[view, events[k]] += decay ** (t - 1 - k)
            future = np.zeros(n)
            for k in range(t, len(events)):
                future[events[k]] += target_decay ** (k - t) if target_decay or k == t else 0.0
            before.append(views.ravel())
            after.append(future)
    rows, targets = np.array(before), np.array(after)
    return rows.T @ rows, targets.T @ rows


def uneven() -> Interactions:
    """Lists of 1 to 9 events, in no order that a formula could lean on."""
    draw = np.random.default_rng(4)
    lengths = draw.integers(1, 10, 30)
    activities = np.concatenate([draw.permutation(12)[:length] for length in lengths])
    return Interactions.from_columns(np.repeat(np.arange(30), lengths), activities, np.arange(len(activities)))


@pytest.mark.parametrize("target_decay", [0.0, 0.4, 0.5])
def test_moments_are_those_of_every_step(target_decay: float) -> None:
    data = uneven()
    decays = [0.2, 0.5, 0.9]
    gram, cross = moments(data.sequences(), data.n_activities, decays, target_decay)
    wanted_gram, wanted_cross = step_by_step(data.sequences(), data.n_activities, decays, target_decay)
    assert gram == pytest.approx(wanted_gram, abs=2e-2)  # what has faded is left out
    assert cross == pytest.approx(wanted_cross, abs=2e-2)
    assert np.array_equal(gram, gram.T)


def test_moments_around_are_those_of_every_event_left_out() -> None:
    data, decays = uneven(), [0.2, 0.5, 0.9]
    weight = np.linspace(0.5, 2.0, data.n_learners).astype(np.float32)
    rows, targets = [], []
    for events, counts in zip(data.sequences(), weight, strict=True):
        for t, left_out in enumerate(events):
            views = np.zeros((len(decays), data.n_activities))
            for k in range(len(events)):
                if k != t:
                    views[:, events[k]] += np.array(decays) ** (abs(k - t) - 1)
            rows.append(np.sqrt(counts) * views.ravel())
            targets.append(np.sqrt(counts) * (np.arange(data.n_activities) == left_out))
    gram, cross = moments_around(
        data.sequences(), data.n_activities, decays, weight=np.repeat(weight, data.sequences().lengths)
    )
    assert gram == pytest.approx(np.array(rows).T @ np.array(rows), abs=2e-2)  # what has faded is left out
    assert cross == pytest.approx(np.array(targets).T @ np.array(rows), abs=2e-2)
    assert np.array_equal(gram, gram.T)


def test_a_list_that_counts_twice_is_as_good_as_two() -> None:
    data = uneven()
    lists = data.sequences()
    weight = np.where(np.arange(len(lists)) < 5, 2.0, 1.0).astype(np.float32)
    again = lists.take(np.concatenate((np.arange(len(lists)), np.arange(5))))
    weighted = moments(lists, data.n_activities, [0.3, 0.8], 0.3, weight=np.repeat(weight, lists.lengths))
    wanted = moments(again, data.n_activities, [0.3, 0.8], 0.3)
    assert all(one == pytest.approx(two, abs=1e-3) for one, two in zip(weighted, wanted, strict=True))


def test_steps_count_by_what_they_ask_for() -> None:
    data, decays = uneven(), [0.2, 0.9]
    weight = np.random.default_rng(1).uniform(0.1, 3.0, len(data)).astype(np.float32)
    rows, targets = [], []
    for events, counts in zip(data.sequences(), np.split(weight, data.sequences().offsets[1:-1]), strict=True):
        for t in range(1, len(events)):
            views = np.zeros((len(decays), data.n_activities))
            for k in range(t):
                views[:, events[k]] += np.array(decays) ** (t - 1 - k)
            rows.append(np.sqrt(counts[t]) * views.ravel())
            targets.append(np.sqrt(counts[t]) * (np.arange(data.n_activities) == events[t]))
    gram, cross = moments(data.sequences(), data.n_activities, decays, 0.0, weight=weight)
    assert gram == pytest.approx(np.array(rows).T @ np.array(rows), abs=2e-2)
    assert cross == pytest.approx(np.array(targets).T @ np.array(rows), abs=2e-2)


def test_what_is_long_ago_counts_less() -> None:
    """First everybody went from 0 to 1, now everybody goes from 0 to 2."""
    day = 86_400
    learner, activity = np.repeat(np.arange(40), 2), np.tile([0, 1, 0, 2], 20)
    at = np.tile([0, 1, 60 * day, 60 * day + 1], 20)
    data = Interactions.from_columns(learner, activity, at)
    alike = SequentialLinear(SequentialLinearConfig(regularization=1.0)).fit(data).score([np.array([0])])[0]
    lately = SequentialLinear(SequentialLinearConfig(regularization=1.0, half_life_days=10.0)).fit(data)
    now = lately.score([np.array([0])])[0]
    assert alike[1] == pytest.approx(alike[2], rel=1e-3)
    assert now[2] > 5 * now[1]


@pytest.mark.parametrize("target_steps", [0.0, 1.0])
def test_the_intercept_is_that_of_the_regression(target_steps: float) -> None:
    data = uneven()
    config = SequentialLinearConfig(
        short_steps=None,
        middle_steps=4.0,
        target_steps=target_steps,
        intercept=True,
        regularization=2.0,
        neighbours=1000,
    )
    decay, target_decay = float(np.exp(-1 / 4.0)), float(np.exp(-1.0)) if target_steps else 0.0
    rows, targets = [], []
    for events in data.sequences():
        for t in range(1, len(events)):
            rows.append(np.zeros(data.n_activities))
            targets.append(np.zeros(data.n_activities))
            for k, activity in enumerate(events):
                if k < t:
                    rows[-1][activity] += decay ** (t - 1 - k)
                elif target_decay or k == t:
                    targets[-1][activity] += target_decay ** (k - t)
    seen, asked = np.array(rows), np.array(targets)
    centred = seen - seen.mean(axis=0)
    weights = np.linalg.solve(centred.T @ centred + 2.0 * np.eye(data.n_activities), centred.T @ asked)
    views = np.zeros(data.n_activities)
    views[[3, 7, 1]] = decay ** np.array([2, 1, 0])
    wanted = asked.mean(axis=0) + (views - seen.mean(axis=0)) @ weights
    answer = SequentialLinear(config).fit(data).score([np.array([3, 7, 1])])[0]
    assert answer == pytest.approx(wanted, abs=1e-3)


def test_the_intercept_is_kept_with_the_weights() -> None:
    fitted = SequentialLinear(SequentialLinearConfig(intercept=True)).fit(toy.chain())
    again = SequentialLinear.from_state(fitted.config.as_dict(), fitted.state())
    history = [np.array([2, 3, 4])]
    assert np.array_equal(again.score(history), fitted.score(history))
    assert "intercept" not in SequentialLinear().fit(toy.chain()).state()


def test_no_half_life_around() -> None:
    with pytest.raises(InvalidConfig, match="empty where context is around"):
        SequentialLinearConfig(context="around", half_life_days=3.0)


def test_moments_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    data = uneven()
    whole = moments(data.sequences(), data.n_activities, [0.3, 0.8], 0.3)
    monkeypatch.setattr("recommender.algorithms.decayed_moments._BLOCK_PAIRS", 7)
    parts = moments(data.sequences(), data.n_activities, [0.3, 0.8], 0.3)
    assert all(part == pytest.approx(one, abs=1e-4) for part, one in zip(parts, whole, strict=True))


def test_answers_are_the_ridge_regression_on_every_step() -> None:
    data = uneven()
    config = SequentialLinearConfig(regularization=2.0, neighbours=1000)
    decays, target_decay = [float(np.exp(-1 / steps)) for steps in (0.7, 4.0)], float(np.exp(-1.0))
    gram, cross = step_by_step(data.sequences(), data.n_activities, decays, target_decay)
    weights = np.linalg.solve(gram + 2.0 * np.eye(len(gram)), cross.T)
    history = np.array([3, 7, 1])
    views = np.zeros((2, data.n_activities))
    for view, decay in enumerate(decays):
        views[view, history] = decay ** np.array([2, 1, 0])
    answer = SequentialLinear(config).fit(data).score([history])[0]
    assert answer == pytest.approx(views.ravel() @ weights, abs=1e-3)


def test_reasons_add_up_to_the_answer() -> None:
    fitted = SequentialLinear().fit(toy.chain())
    history = np.array([2, 3, 4, 5], np.int32)
    assert fitted._explain(history, 6).sum() == pytest.approx(fitted.score([history])[0, 6], abs=1e-5)
    assert fitted.explain(history, 6, n=1)[0].history_position == 3


def test_many_histories_are_answered_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many at once go through the full weights, one through the sparse ones."""
    fitted = SequentialLinear().fit(toy.chain())
    histories = [np.arange(start, start + 1 + start % 7) % 12 for start in range(300)]
    alone = np.concatenate([fitted.score([history]) for history in histories])
    assert fitted.score(histories) == pytest.approx(alone, abs=1e-6)
    assert fitted._dense is not None
    monkeypatch.setattr("recommender.algorithms.linear._FULL_BYTES", 100)
    assert fitted.score(histories) == pytest.approx(alone, abs=1e-6)
    assert SequentialLinear.from_state(fitted.config, fitted.state())._dense is None


def test_what_has_faded_counts_as_nothing() -> None:
    data = toy.chain()
    fitted = SequentialLinear(SequentialLinearConfig(regularization=1.0)).fit(data)
    seen = fitted._seen([np.arange(100, dtype=np.int32) % 12])
    assert seen.nnz == 7 + 37  # e**-(age / steps) >= 1e-4 for 0.7 and for 4 steps
    assert seen.shape == (1, 2 * data.n_activities)


def test_needs_a_memory() -> None:
    with pytest.raises(InvalidConfig, match="a number where"):
        SequentialLinearConfig(short_steps=None, middle_steps=None)
