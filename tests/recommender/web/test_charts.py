"""The curve: figure, sentence and table say the same."""

from __future__ import annotations

from typing import Any

from recommender.algorithms.catalogue import build
from recommender.datasets.splits import leave_last_out
from recommender.evaluation import segments as evaluated
from recommender.evaluation.protocol import evaluate
from recommender.models import Run
from recommender.web.charts import MOST_POINTS, curve_charts
from recommender.web.measures import SEGMENTS, label_of, metric_rows, segment_rows
from tests import toy


def curve(n_points: int) -> list[dict[str, Any]]:
    """Ten steps an epoch; the validation of an epoch is repeated by all that follow, as trainings report it."""
    points = []
    for step in range(1, n_points + 1):
        point = {"step": step, "epoch": step // 10, "loss": 1 / step}
        points.append(point | ({"ndcg_10": 0.1 + 0.01 * (step // 10 % 3)} if step >= 10 else {}))
    return points


def test_loss_and_validation() -> None:
    loss, validation = curve_charts(Run(curve=curve(40)))
    assert loss.figure["data"][0]["x"] == list(range(1, 41))
    assert len(loss.rows) == 40
    assert "from 1.0000 to 0.0250 in 40 steps" in loss.sentence
    assert validation.figure["data"][0]["x"] == [10, 20, 30, 40], "one measurement an epoch"
    assert validation.rows[1] == ("20", "0.1200")
    assert "0.1200, came at step 20" in validation.sentence


def test_the_line_breaks_where_another_fit_begins() -> None:
    points = [
        {"step": step, "loss": loss, "part": part}
        for step, loss, part in [
            (0, 0.9, "0/0/"),
            (1, 0.5, "0/0/"),
            (2, 0.8, "0/1/"),
            (3, 0.4, "0/1/"),
            (4, 0.7, "1/"),
            (5, 0.3, "1/"),
        ]
    ]
    loss = curve_charts(Run(curve=points))[0]
    assert loss.figure["data"][0]["x"] == [0, 1, None, 2, 3, None, 4, 5]
    assert loss.figure["data"][0]["y"] == [0.9, 0.5, None, 0.8, 0.4, None, 0.7, 0.3]
    assert "last of 3 fits went from 0.7000 to 0.3000" in loss.sentence
    assert len(loss.rows) == 6


def test_a_closed_form_has_no_curve() -> None:
    assert curve_charts(Run(curve=[])) == []
    assert curve_charts(Run(curve=[{"step": 1, "loss": 0.5}])) == []


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    loss = curve_charts(Run(curve=curve(5 * MOST_POINTS)))[0]
    assert len(loss.rows) <= MOST_POINTS
    assert loss.rows[-1][0] == str(5 * MOST_POINTS)


def test_measures_have_labels_and_an_order() -> None:
    metrics = {"coverage_10": 0.5, "mrr": 0.1, "ndcg_20": 0.3, "ndcg_10": 0.2, "n_learners": 7, "hr_10": None}
    rows = metric_rows(metrics, {"ndcg_10": 0.1, "mrr": 0})
    assert [row.label for row in rows] == ["NDCG@10", "NDCG@20", "Mean reciprocal rank", "Coverage@10"]
    assert rows[0].times == 2
    assert rows[1].times is None
    assert rows[2].times is None, "nothing is a multiple of zero"
    assert label_of("n_learners") == "n_learners"


def test_segments_are_those_of_the_evaluation() -> None:
    assert list(SEGMENTS) == list(evaluated.SEGMENTS)
    metrics = {"new_n_learners": 3, "new_ndcg_10": 0.2, "heavy_n_learners": 1, "heavy_ndcg_10": 0.5}
    rows = segment_rows(metrics, {"new_ndcg_10": 0.1})
    assert [(row.n_learners, row.value, row.baseline) for row in rows] == [(3, 0.2, 0.1), (1, 0.5, None)]


def test_every_measure_of_the_evaluation_is_known_to_the_pages() -> None:
    split = leave_last_out(toy.chain())
    found = evaluate(build("popularity").fit(split.train), split).metrics
    unknown = [name for name in found if label_of(name) == name and name.split("_")[0] not in SEGMENTS]
    assert unknown == []
    assert label_of("popularity_lift_10") == "Popularity lift@10"
