"""Who is asked about as a newcomer, and that nothing is known of what came later."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench import datasets, newcomers
from recommender.algorithms.base import FitOptions
from recommender.datasets.interactions import Sequences, feature_hash
from tests import toy
from tests.recommender.algorithms.neural.tiny import TINY


def presented(**columns: list[object]) -> pd.DataFrame:
    rows = pd.DataFrame(columns)
    rows[["code_module", "code_presentation"]] = rows.pop("course").str.split("-", expand=True).to_numpy()
    return rows


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked on the first day of 2014J. 1 has begun, 2 begins later, 3 is not registered yet, 4 has left again."""
    folder = tmp_path / "oulad"
    folder.mkdir()
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    presented(
        course=["AAA-2014J"] * 6 + ["BBB-2013J"],
        id_student=[1, 1, 2, 2, 3, 4, 1],
        id_site=[10, 11, 11, 12, 10, 10, 20],
        date=[-5, -4, 3, 4, 5, 6, 0],
    ).to_parquet(folder / "studentVle.parquet")
    presented(
        course=["AAA-2014J"] * 4 + ["BBB-2013J", "BBB-2014J"],
        id_student=[1, 2, 3, 4, 1, 2],
        date_registration=[-30, -20, 2, -30, None, 1],
        date_unregistration=[None, None, None, -10, None, None],
    ).to_parquet(folder / "studentRegistration.parquet")
    presented(
        course=["AAA-2014J"] * 3 + ["BBB-2013J"],
        id_site=[10, 11, 12, 20],
        activity_type=["quiz"] * 4,
        week_from=[2, None, 1, 1],
    ).to_parquet(folder / "vle.parquet")


@pytest.mark.usefixtures("files")
def test_who_is_registered_and_was_not_seen_is_asked_about() -> None:
    found = newcomers.newcomers("2014J")
    assert found.train.learner_ids.tolist() == [1]
    assert found.train.activity_ids.tolist() == [10, 11, 20]
    assert [one.tolist() for one in found.targets] == [[1]]  # 12 nobody had met by then
    assert found.in_reach.tolist() == [[True, True, False]]
    assert np.argsort(-found.opening).tolist() == [1, 2, 0]  # what has no week is open from the beginning
    assert [one.tolist() for one in found.features] == [[feature_hash("course=AAA-2014J")]]
    known = found.train.learner_features
    assert known is not None
    assert set(known[0].tolist()) == {feature_hash("course=AAA-2014J"), feature_hash("course=BBB-2013J")}
    assert found.train.activity_features is not None
    assert feature_hash("course=BBB-2013J") in found.train.activity_features[2]


def test_measures_beside_popularity_in_the_same_courses(monkeypatch: pytest.MonkeyPatch) -> None:
    board = toy.enrolled(toy.checkerboard())
    places = np.arange(16)
    asked = newcomers.Newcomers(
        board,
        toy.in_courses([0, 1]),
        Sequences(np.array([0, 2, 4]), np.array([0, 2, 1, 3], np.int32)),
        np.stack([places % 4 != 1, places % 4 != 0]),  # reach is not all that there is to know
        -places.astype(np.float32),
    )
    monkeypatch.setattr(newcomers, "newcomers", lambda term: asked)
    configs = {"ease": {}, "two_tower": {**TINY, "newcomer_share": 0.3}}
    lines = {
        (one.case.rsplit("/", 1)[1], one.measure): one for one in newcomers.measure("2014J", configs, FitOptions())
    }
    assert not any(case == "ease" for case, _measure in lines)
    assert lines["first_in_courses", "ndcg_10"].value < 1
    told = lines["two_tower", "ndcg_10"]
    assert told.peer_value == lines["popularity_in_courses", "ndcg_10"].value
    assert told.value > told.peer_value
    difference = [lines["two_tower", f"ndcg_10_difference_{name}"].value for name in ("low", "mean", "high")]
    assert difference == sorted(difference)
    assert difference[1] == pytest.approx(told.value - told.peer_value)
