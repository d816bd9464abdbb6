"""What can be wrong with a wish to train is said before anything begins."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.public import InvalidInput
from recommender.algorithms.catalogue import ALGORITHMS
from recommender.models import Run
from recommender.outcomes.catalogue import PREDICTORS
from recommender.training.start import start_run
from tests.recommender.school import School, build_school


def test_a_run_is_queued_and_a_worker_woken(
    school: School, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = start_run(school.organisation, "ease", config={"regularization": 20}, seed=7)
    assert (run.state, run.kind, run.config, run.seed, run.promotes) == (
        "queued",
        "any",
        {"regularization": 20},
        7,
        True,
    )
    assert [(m.task_name, m.args, m.queue) for m in woken] == [("recommender.tasks.train", (run.pk,), "train")]


@pytest.mark.parametrize(
    ("algorithm", "options", "pointer", "words"),
    [
        ("magic", {}, "algorithm", "There is no algorithm called 'magic'"),
        ("ease", {"config": {"regularization": -1}}, "config/regularization", "0.001 or more; got -1"),
        ("ease", {"config": {"colour": "red"}}, "config/colour", "one of the parameters"),
        ("ease", {"kind": "video"}, "kind", "one of course, any"),
        ("ease", {"seed": -1}, "seed", "from 0 to"),
        ("ease", {"seed": 2**31}, "seed", "from 0 to"),
    ],
)
def test_wrong_wishes(school: School, algorithm: str, options: dict[str, Any], pointer: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as raised:
        start_run(school.organisation, algorithm, **options)
    assert raised.value.pointer == pointer
    assert not Run.objects.exists()


def test_courses_must_be_own_courses(school: School) -> None:
    other = build_school("other", n_learners=1)
    for course in (other.courses["red"], school.parts["red"][0]):
        with pytest.raises(InvalidInput, match="not a course of this organisation"):
            start_run(school.organisation, "ease", course=course)
    with pytest.raises(InvalidInput, match="leave out course"):
        start_run(school.organisation, "ease", kind="course", course=school.courses["red"])


def test_one_open_run_a_scope(school: School) -> None:
    first = start_run(school.organisation, "ease")
    with pytest.raises(InvalidInput, match=f"Run {first} of the same kind and course is still queued"):
        start_run(school.organisation, "popularity")
    start_run(school.organisation, "ease", course=school.courses["red"])
    start_run(build_school("other", n_learners=1).organisation, "ease")
    first.request_cancel()
    start_run(school.organisation, "popularity")


def test_no_predictor_has_the_name_of_a_recommender() -> None:
    """`train NAME` tells them apart by it."""
    assert not set(ALGORITHMS) & set(PREDICTORS)
