"""What a network makes of the time between events, where only that tells what comes next."""

import numpy as np
import pytest

from recommender.algorithms.base import Algorithm
from recommender.algorithms.blend import Blend
from recommender.algorithms.catalogue import build
from recommender.algorithms.neural.sasrec import SASRec
from recommender.algorithms.sequence_scorer import N_GAPS, gap_kinds
from recommender.algorithms.vector_scorer import rounded
from recommender.datasets.interactions import Interactions
from tests.recommender.algorithms.neural.tiny import TINY_SEQUENCE

CONFIG = {**TINY_SEQUENCE, "blocks": 1, "heads": 2, "time_gaps": True}
SHORT, LONG = 600, 30 * 86_400  # seconds
ASKED = [np.array([start, start + 1, start + 2]) for start in range(8)]


def paced(n_learners: int = 150, n_activities: int = 12, length: int = 7) -> Interactions:
    """Round a circle: one step after a short gap, five after a long one."""
    draw = np.random.default_rng(0)
    is_long = draw.random((n_learners, length)) < 0.5
    start = draw.integers(0, n_activities, (n_learners, 1))
    steps = np.where(is_long, 5, 1)[:, :-1]
    activities = (start + np.pad(steps.cumsum(axis=1), ((0, 0), (1, 0)))) % n_activities
    at = np.where(is_long, LONG, SHORT).cumsum(axis=1)
    return Interactions.from_columns(np.repeat(np.arange(n_learners), length), activities.ravel(), at.ravel())


def after(gap: int) -> list[np.ndarray]:
    return [np.array([0, SHORT, SHORT + gap])] * len(ASKED)


def share_right(algorithm: Algorithm, gap: int, step: int) -> float:
    best = algorithm.score(ASKED, after(gap)).argmax(axis=1)
    return float((best == [(events[-1] + step) % 12 for events in ASKED]).mean())


@pytest.fixture(scope="module")
def fitted() -> Algorithm:
    return build("sasrec", CONFIG).fit(paced())


def test_tells_what_comes_after_a_short_gap_and_after_a_long_one(fitted: Algorithm) -> None:
    assert share_right(fitted, SHORT, 1) >= 0.75
    assert share_right(fitted, LONG, 5) >= 0.75


def test_the_gap_before_what_is_cut_off_still_counts(fitted: Algorithm) -> None:
    """Eight events are looked at; the first of them has an event before it."""
    history, at = np.arange(9), np.cumsum([0, LONG, *[SHORT] * 7])
    assert fitted.score([history], [at]) != pytest.approx(fitted.score([history[1:]], [at[1:]]), abs=1e-6)


def test_a_reason_knows_the_times(fitted: Algorithm) -> None:
    """Without the last event both of its gaps are one long one."""
    history, at = np.array([0, 1, 2]), np.array([0, SHORT, SHORT + LONG])
    causes = fitted.explain(history, 7, times=at)
    assert causes[0].history_position == 2
    plain = fitted.explain(history, 7)
    assert [one.share for one in causes] != pytest.approx([one.share for one in plain], rel=1e-2, abs=0)


def test_in_int8(fitted: Algorithm) -> None:
    small = SASRec.from_state({**CONFIG, "precision": "int8"}, rounded(fitted.state()))
    assert small.state()["gap_vectors"].dtype == np.int8
    assert small.score(ASKED, after(LONG)) == pytest.approx(fitted.score(ASKED, after(LONG)), rel=0.1, abs=0.3)


def test_in_a_blend(fitted: Algorithm) -> None:
    members = "sasrec:" + ":".join(f"{name}={value}" for name, value in CONFIG.items())
    state = {f"member_0_sasrec_{name}": array for name, array in fitted.state().items()}
    own = {"popularity": fitted.state()["popularity"], "blend_weights": np.array([1.0, 0.0], np.float32)}
    blend = Blend.from_state({"members": members}, {**state, **own})
    for gap in (SHORT, LONG):
        best = blend.score(ASKED, after(gap)).argmax(axis=1)
        assert np.array_equal(best, fitted.score(ASKED, after(gap)).argmax(axis=1))
    shares = [[one.share for one in which.explain(ASKED[0], 7, times=after(LONG)[0])] for which in (blend, fitted)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-5)


def test_a_teacher_is_told_the_gaps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[np.ndarray] = []
    read = SASRec.read

    def noted(self: SASRec, rows: np.ndarray, gaps: np.ndarray) -> np.ndarray:
        told.append(gaps)
        return read(self, rows, gaps)

    monkeypatch.setattr(SASRec, "read", noted)
    build("sasrec", {**CONFIG, "epochs": 1, "teacher": "embedding_size=32"}).fit(paced())
    assert {0, 10, 22} <= {int(kind) for one in told for kind in np.unique(one)}


def test_kinds_of_gap_double() -> None:
    at = np.array([5, 5, 6, 8, 8 + 86_400, 10**12, 7, 3])
    assert gap_kinds(at, np.array([0, 6, 0, 2])).tolist() == [0, 1, 2, 2, 17, N_GAPS - 1, 0, 1]
    assert gap_kinds(at[:0], np.array([0])).tolist() == []
