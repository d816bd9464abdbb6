import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from recommender.algorithms.base import FitOptions, Progress
from recommender.algorithms.neural.export import drawn_sample, exported
from recommender.algorithms.neural.sasrec import SASRec, SASRecConfig, build_encoders
from recommender.datasets.interactions import Interactions
from recommender.errors import InvalidConfig, NotEnoughData, TrainingStopped
from recommender.registry import artifacts
from tests import toy
from tests.recommender.algorithms.contract import AlgorithmContract
from tests.recommender.algorithms.neural.tiny import TINY_SEQUENCE

TINY = {**TINY_SEQUENCE, "blocks": 1, "heads": 2}
SERVE = """
import sys
from pathlib import Path
from recommender.algorithms.catalogue import algorithm_class
from recommender.registry import artifacts
artifact = artifacts.read(Path(sys.argv[1]))
algorithm = algorithm_class("sasrec").from_state(artifact.manifest["config"], artifact.arrays)
print(algorithm.score([[0, 1, 2]]).argmax(), len(algorithm.explain([0, 1, 2], 3)))
print(sorted({"tensorflow", "keras", "pandas", "django"} & {name.split(".")[0] for name in sys.modules}))
"""


class TestSASRec(AlgorithmContract):
    name = "sasrec"
    config = TINY
    tolerance = 1e-3


class TestSASRecWithTimeGaps(AlgorithmContract):
    name = "sasrec"
    config: ClassVar[dict[str, object]] = {**TINY, "time_gaps": True}
    tolerance = 1e-3
    uses_times = True


class TestSASRecWithTimeAges(AlgorithmContract):
    name = "sasrec"
    config: ClassVar[dict[str, object]] = {**TINY, "time_ages": True}
    tolerance = 1e-3
    uses_times = True


@pytest.fixture(scope="module")
def told() -> list[Progress]:
    """What `fitted` tells while it trains."""
    return []


@pytest.fixture(scope="module")
def fitted(told: list[Progress]) -> SASRec:
    return SASRec(SASRecConfig.from_dict(TINY)).fit(toy.chain(), FitOptions(progress=told.append))


def test_serves_in_a_process_that_never_imports_keras(fitted: SASRec, tmp_path: Path) -> None:
    arrays = {**fitted.state(), "activity_ids": np.arange(12)}
    manifest = {"algorithm": "sasrec", "config": TINY, "n_learners": 120, "n_activities": 12}
    artifacts.write(tmp_path / "version", arrays, manifest)
    command = [sys.executable, "-c", SERVE, str(tmp_path / "version")]
    root = Path(__file__).parents[4]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["3 2", "[]"]


def test_answers_as_the_network_that_was_trained(fitted: SASRec) -> None:
    """One history at a time, many at once, and longer ones than the network looks at."""
    histories = [np.arange(k) % 12 for k in range(1, 30)]
    together = fitted.score(histories)
    alone = np.concatenate([fitted.score([history]) for history in histories])
    assert together == pytest.approx(alone, abs=1e-5)
    assert fitted.score([histories[-1]]) == pytest.approx(fitted.score([histories[-1][-8:]]), abs=1e-6)


def test_the_last_step_is_the_reason_in_a_chain(fitted: SASRec) -> None:
    assert fitted.explain(np.array([0, 1, 2, 3]), 4, n=1)[0].history_position == 3


def test_learns_with_all_negatives(fitted: SASRec, told: list[Progress]) -> None:
    assert fitted.config.negatives > fitted.n_activities
    assert told[-1].validation["ndcg_10"] > 0.9


def test_learns_with_drawn_negatives() -> None:
    config = SASRecConfig.from_dict({**TINY, "negatives": 1})
    told: list[Progress] = []
    SASRec(config).fit(toy.chain(), FitOptions(progress=told.append))
    assert told[-1].validation["ndcg_10"] > 0.9


def test_a_spent_budget_ends_it_with_what_it_has() -> None:
    told: list[Progress] = []
    config = SASRecConfig.from_dict({**TINY, "epochs": 1000, "patience": 1000})
    algorithm = SASRec(config).fit(toy.chain(), FitOptions(progress=told.append, budget_seconds=0.0))
    assert told[-1].message == "ended by the time budget"
    assert np.isfinite(algorithm.score([[0]])).all()


def test_a_stop_is_seen_within_a_batch() -> None:
    asked = []
    with pytest.raises(TrainingStopped):
        SASRec(SASRecConfig.from_dict(TINY)).fit(
            toy.chain(), FitOptions(should_stop=lambda: asked.append(1) or len(asked) > 3)
        )
    assert len(asked) == 4


def test_says_when_there_is_no_order_to_learn() -> None:
    with pytest.raises(NotEnoughData, match="order"):
        SASRec(SASRecConfig.from_dict(TINY)).fit(Interactions.from_columns([1, 2], [5, 6], [0, 0]))


def test_heads_divide_the_size() -> None:
    with pytest.raises(InvalidConfig, match="heads must be a divisor of 64; got 3"):
        SASRecConfig(heads=3)


def test_few_histories_go_in_one_call_and_many_in_small_ones(fitted: SASRec, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list and its reasons are not split over threads; the answers are the same either way."""
    histories = [np.arange(k % 5, 6 + k % 3) for k in range(40)]
    asked: list[int] = []
    read = type(fitted).read

    def noted(self: Any, rows: Any, gaps: Any = None, places: Any = None) -> Any:
        asked.append(len(rows))
        return read(self, rows, gaps, places)

    monkeypatch.setattr(type(fitted), "read", noted)
    few = fitted.score(histories[:11])
    assert asked == [11]
    many = fitted.score(histories)
    assert sorted(asked[1:]) == [8] * 5
    assert np.allclose(many[:11], few, atol=1e-5)


@pytest.mark.parametrize("blocks", [1, 3])
def test_what_answers_at_places_is_what_was_trained_everywhere(blocks: int) -> None:
    config = SASRecConfig.from_dict({"embedding_size": 8, "blocks": blocks, "max_length": 12})
    everywhere, there = build_encoders(config)
    draw = np.random.default_rng(1)
    for network in (everywhere, there):
        assert len(network.weights) == len(everywhere.weights)
    for weight in everywhere.weights:  # also those that begin as zeros
        weight.assign(draw.normal(size=weight.shape))
    vectors, places = draw.normal(size=(5, 11, 8)).astype(np.float32), draw.integers(0, 11, (5, 4)).astype(np.int32)
    right = np.take_along_axis(np.asarray(everywhere(vectors)), places[:, :, None], axis=1)
    assert np.asarray(there([vectors, places])) == pytest.approx(right, abs=1e-4)


def test_a_teacher_is_read_at_all_places_as_at_each(fitted: SASRec) -> None:
    rows = np.array([[0, 1, 2, 3], [4, 5, 6, 7]], np.int32)
    everywhere = fitted.read(rows)
    assert everywhere.shape == (2, 4, fitted.config.embedding_size)
    for place in range(4):
        places = np.full((2, 1), place, np.int32)
        assert fitted.read(rows, None, places)[:, 0] == pytest.approx(everywhere[:, place], abs=1e-5)
        assert fitted.read(rows[:, : place + 1])[:, -1] == pytest.approx(everywhere[:, place], abs=1e-5)


def test_a_version_whose_network_answers_everywhere_still_serves(fitted: SASRec) -> None:
    """As those that were stored before networks were told the places."""
    everywhere = build_encoders(fitted.config)[0]
    stored = {**fitted.state(), "encoder": exported(everywhere, drawn_sample(3, 2, fitted.config.embedding_size))}
    served = SASRec.from_state(fitted.config, stored)
    histories = [np.arange(3), np.arange(7)]
    encoded = [np.asarray(everywhere(served._rows("activity_vectors", one)[None]))[0, -1] for one in histories]
    right = np.array(encoded) @ stored["activity_vectors"].T + stored["activity_bias"]
    assert served.score(histories) == pytest.approx(right, abs=1e-5)
