"""A search tries what its seed says, halves, resumes behind its last trial, and never sees the verdict's questions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.public import InvalidInput, JobState, working_on
from recommender.algorithms.ease import EASE
from recommender.datasets.interactions import Interactions
from recommender.datasets.splits import time_split
from recommender.errors import NotEnoughMemory
from recommender.history import interactions
from recommender.models import Run, Search
from recommender.training import search as module
from recommender.training.search import BRACKET, RUNGS, best_of, plan, search, trials_of
from recommender.training.start import start_search
from tests.recommender.school import School, build_school


def searched(school: School, algorithm: str = "ease", **options: Any) -> Search:
    """Until the trials of the first bracket are done, whatever the clock says."""
    job = start_search(school.organisation, algorithm, wakes_worker=False, **{"budget_seconds": 60.0, **options})
    return do(job)


def do(job: Search) -> Search:
    with working_on(Search, job.pk) as lease:
        assert lease is not None
        search(lease)
    job.refresh_from_db()
    return job


@pytest.fixture(autouse=True)
def one_bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BRACKETS", 1)


def test_the_defaults_and_a_bracket_are_tried(school: School) -> None:
    job = searched(school)
    assert job.state == JobState.SUCCEEDED, job.error
    trials = list(trials_of(job))
    assert [run.data["rung"] for run in trials] == [2] + [0] * 9 + [1] * 3 + [2]
    assert trials[0].config == {}
    assert [round(RUNGS[run.data["rung"]], 2) for run in trials[-4:]] == [0.33, 0.33, 0.33, 1.0]
    assert all(run.metrics["ndcg_10"] >= 0 and run.protocol == "time_split/validation" for run in trials)
    assert all(run.state == JobState.SUCCEEDED and not hasattr(run, "version") for run in trials)
    assert len({run.protocol_hash for run in trials}) == 1
    best = best_of(job)
    assert best is not None
    assert job.best_config == best.config
    assert f"{best.metrics['ndcg_10']:.4f}" in job.verdict


def test_those_that_do_best_go_on(school: School) -> None:
    trials = list(trials_of(searched(school)))
    first = {run.data["place"]: run.metrics["ndcg_10"] for run in trials if run.data["rung"] == 0}
    went_on = {run.data["place"] for run in trials if run.data["rung"] == 1}
    assert went_on == set(sorted(first, key=lambda place: (-first[place], place))[:3])


def test_the_same_seed_tries_the_same(school: School) -> None:
    one, same, other = (searched(school, seed=seed) for seed in (3, 3, 4))
    assert [run.config for run in trials_of(one)] == [run.config for run in trials_of(same)]
    assert [run.metrics for run in trials_of(one)] == [run.metrics for run in trials_of(same)]
    assert [run.config for run in trials_of(one)] != [run.config for run in trials_of(other)]


def test_a_search_goes_on_behind_its_last_trial(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [run.config for run in trials_of(searched(school, seed=1))]
    job = start_search(school.organisation, "ease", budget_seconds=60, seed=1, wakes_worker=False)
    tried = module._try
    monkeypatch.setattr(module, "_try", dying_after(4, tried))
    with pytest.raises(KeyboardInterrupt):
        do(job)
    assert trials_of(job).count() == 4
    monkeypatch.setattr(module, "_try", tried)
    Search.objects.filter(pk=job.pk).update(state=JobState.QUEUED)
    do(job)
    assert [run.config for run in trials_of(job)] == whole


def dying_after(n: int, whole: Any) -> Any:
    calls = iter(range(n))

    def try_or_die(*args: Any) -> Run:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return whole(*args)  # type: ignore[no-any-return]

    return try_or_die


def test_nothing_of_the_verdicts_questions_is_seen(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Interactions] = []
    whole = EASE._learn
    monkeypatch.setattr(EASE, "_learn", lambda self, data, options: seen.append(data) or whole(self, data, options))
    searched(school)
    cutoff = time_split(interactions(school.organisation, kind="any")).parameters["cutoff"]
    assert seen
    assert all(data.at.max() < cutoff for data in seen)


def test_no_trial_begins_when_the_budget_is_spent(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 7))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    job = searched(school, budget_seconds=20)
    # Each trial asks the clock four times: two begin within 20 seconds, the second ends beyond them.
    assert 1 <= trials_of(job).count() < BRACKET
    assert job.state == JobState.SUCCEEDED


def test_what_cannot_be_trained_is_a_finding(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise NotEnoughMemory("It would not fit.")

    monkeypatch.setattr(EASE, "_check_memory", refuse)
    job = searched(school)
    assert job.state == JobState.SUCCEEDED
    assert job.best_config is None
    assert job.verdict == "Nothing could be trained: It would not fit."
    assert {run.state for run in trials_of(job)} == {JobState.FAILED}


def test_without_history_it_says_so(school: School) -> None:
    empty = build_school("empty", n_learners=0)
    job = start_search(empty.organisation, "ease", budget_seconds=5, wakes_worker=False)
    do(job)
    assert (job.state, job.error.partition(":")[0]) == (JobState.FAILED, "There is nothing to learn from")


def test_every_bracket_draws_anew(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BRACKETS", 2)
    trials = list(plan(Search(algorithm="ease", seed=0), {}))
    drawn = {b: [t.changed for t in trials if (t.bracket, t.rung) == (b, 0)] for b in (1, 2)}
    assert len(drawn[1]) == len(drawn[2]) == BRACKET
    assert drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("algorithm", "options", "pointer"),
    [
        ("magic", {}, "algorithm"),
        ("ease", {"budget_seconds": 0}, "budget_seconds"),
        ("ease", {"budget_seconds": float("nan")}, "budget_seconds"),
        ("ease", {"budget_seconds": 1e9}, "budget_seconds"),
        ("ease", {"seed": -1}, "seed"),
        ("ease", {"kind": "video"}, "kind"),
    ],
)
def test_a_wish_that_cannot_be_met_names_its_parameter(
    school: School, algorithm: str, options: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        start_search(school.organisation, algorithm, **{"budget_seconds": 10.0, **options})
    assert caught.value.pointer == pointer
    assert not Search.objects.exists()


def test_one_search_of_an_algorithm_at_a_time(school: School) -> None:
    first = start_search(school.organisation, "ease", budget_seconds=10, wakes_worker=False)
    with pytest.raises(InvalidInput, match=f"search #{first.pk} is still queued"):
        start_search(school.organisation, "ease", budget_seconds=10)
    start_search(school.organisation, "popularity", budget_seconds=10, wakes_worker=False)


def test_a_sample_of_learners_keeps_their_whole_histories() -> None:
    data = Interactions.from_columns(np.repeat(np.arange(90), 4), np.tile(np.arange(4), 90), np.tile(np.arange(4), 90))
    ninth, third = (module._some_learners(data, share, 5) for share in (1 / 9, 1 / 3))
    assert (ninth.n_learners, third.n_learners) == (10, 30)
    assert set(ninth.learner_ids) < set(third.learner_ids)
    assert (ninth.sequences().lengths == 4).all()
    assert ninth.n_activities == 4
