"""The gate on figures whose right verdict is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recommender.evaluation.protocol import Evaluation
from recommender.models import Run, Version
from recommender.training.judge import Candidate, Incumbent, Verdict, judge, segments_of

N = 400


def evaluation(per_learner: np.ndarray, coverage: float = 0.5) -> Evaluation:
    segment = np.repeat(np.array([0, 1], np.int8), N // 2)
    metrics = {"ndcg_10": float(per_learner.mean()), "coverage_10": coverage}
    return Evaluation(metrics, {"ndcg_10": per_learner}, segment, np.arange(N, dtype=np.int32), "h")


def judged(candidate: np.ndarray, in_use: np.ndarray | None, **options: Any) -> Verdict:
    found = evaluation(candidate, options.get("coverage", 0.5))
    incumbent = None
    if in_use is not None:
        before = evaluation(in_use)
        incumbent = Incumbent(Version(number=3, algorithm="ease"), before.metrics, before.per_learner["ndcg_10"])
    facts = Candidate(found, options.get("latency_ms", 1.0), options.get("n_bytes", 1000))
    run = Run(algorithm="ease", promotes=options.get("promotes", True))
    return judge(run, facts, evaluation(np.full(N, 0.05)), incumbent, segments_of(found))


def failed(verdict: Verdict) -> list[str]:
    return [finding.name for finding in verdict.findings if not finding.is_passed]


@pytest.fixture
def base() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.1, 0.5, N)


def test_better_everywhere_goes_into_use(base: np.ndarray) -> None:
    verdict = judged(base + 0.02, base)
    assert verdict.promotes
    assert failed(verdict) == []
    assert verdict.sentence.startswith("Put into use: NDCG@10 is ")
    assert "the difference is +0.0200" in verdict.findings[1].sentence


def test_better_on_the_whole_and_worse_for_newcomers_is_held(base: np.ndarray) -> None:
    change = np.where(np.arange(N) < N // 2, -0.05, 0.2)
    verdict = judged(base + change, base)
    assert not verdict.promotes
    assert failed(verdict) == ["no_harm"]
    assert "1 of 2 groups are worse off, most of all new: -0.0500 for 200 learners" in verdict.sentence


def test_worse_than_popularity_or_the_version_in_use(base: np.ndarray) -> None:
    assert failed(judged(np.full(N, 0.01), None)) == ["popularity"]
    worse = judged(base - 0.001, base)
    assert "in_use" in failed(worse)
    assert worse.sentence.startswith("Not put into use, because it is worse: NDCG@10 is ")


def test_chance_in_a_group_is_no_harm(base: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(0.005, 0.1, N)
    assert "no_harm" not in failed(judged(base + noise, base))


@pytest.mark.parametrize(
    ("options", "name", "words"),
    [
        ({"coverage": 0.2}, "coverage", "20.0% of the activities are shown to somebody"),
        ({"latency_ms": 500.0}, "latency", "scored within 500.0 ms; at most 200 ms"),
        ({"n_bytes": 5 * 2**30}, "size", "at most 4.0"),
    ],
)
def test_what_cannot_be_served_well_is_held(base: np.ndarray, options: dict[str, Any], name: str, words: str) -> None:
    verdict = judged(base + 0.02, base, **options)
    assert failed(verdict) == [name]
    assert not verdict.promotes
    assert words in verdict.sentence
    assert verdict.sentence.startswith("Not put into use. ")


def test_the_decision_can_be_left_to_people(base: np.ndarray) -> None:
    verdict = judged(base + 0.02, base, promotes=False)
    assert (verdict.passes, verdict.promotes) == (True, False)
    assert verdict.sentence.startswith("Not put into use, as asked")


def test_groups_too_small_to_tell_are_left_out() -> None:
    segment = np.repeat(np.array([0, 1, 2], np.int8), [29, 30, 100])
    assert list(segments_of(SimpleNamespace(segment=segment))) == ["light", "heavy"]  # type: ignore[arg-type]
