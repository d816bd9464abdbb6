"""Runs from the page: started, followed, cancelled, read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.models import JobState, Member
from recommender.algorithms.catalogue import ALGORITHMS
from recommender.models import Run
from recommender.web.progress import remaining_seconds
from tests.recommender.school import School

PLAIN = {"algorithm": "ease", "kind": "any", "course": "", "seed": "0", "promotes": "on"}


@pytest.fixture
def browser(browser_of: Callable[..., Client]) -> Client:
    return browser_of("model_owner")


def new_run(school: School, **fields: Any) -> Run:
    return Run.objects.create(organisation=school.organisation, **{"algorithm": "ease", **fields})


def test_a_run_is_started(
    browser: Client, school: School, member_of_school: Callable[..., Member], woken: list
) -> None:
    sent = PLAIN | {"seed": "7", "parameter-regularization": "50", "parameter-neighbours": "256"}
    response = browser.post(reverse("run_new"), sent)
    run = Run.objects.get()
    assert response.url == reverse("run_page", args=[run.pk])
    assert (run.organisation, run.algorithm, run.kind, run.seed, run.promotes) == (
        school.organisation,
        "ease",
        "any",
        7,
        True,
    )
    assert run.config == {"regularization": 50.0}, "what is at its default is not spelt out"
    assert run.requested_by == member_of_school("model_owner")


def test_the_course_is_one_of_the_schools(browser: Client, school: School) -> None:
    browser.post(reverse("run_new"), PLAIN | {"course": school.courses["red"].pk})
    assert Run.objects.get().course == school.courses["red"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"algorithm": "magic"}, "algorithm"),
        ({"kind": "magic"}, "kind"),
        ({"course": "999999"}, "course"),
        ({"seed": "-1"}, "seed"),
        ({"seed": "9" * 30}, "seed"),
        ({"parameter-regularization": "-5"}, "parameter-regularization"),
        ({"parameter-regularization": "nan"}, "parameter-regularization"),
        ({"parameter-neighbours": "1.5"}, "parameter-neighbours"),
    ],
)
def test_a_wrong_field_is_told_beside_it(browser: Client, sent: dict[str, str], field: str) -> None:
    response = browser.post(reverse("run_new"), PLAIN | sent)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert not Run.objects.exists()


def test_courses_are_not_recommended_inside_a_course(browser: Client, school: School) -> None:
    sent = PLAIN | {"kind": "course", "course": school.courses["red"].pk}
    assert "course" in browser.post(reverse("run_new"), sent).context["form"].errors


def test_a_second_run_of_the_same_scope_waits(browser: Client) -> None:
    browser.post(reverse("run_new"), PLAIN)
    response = browser.post(reverse("run_new"), PLAIN)
    assert "wait for its end or cancel it" in response.content.decode()
    assert Run.objects.count() == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_form_shows_the_parameters_of_the_algorithm(browser: Client, algorithm: str) -> None:
    form = browser.get(reverse("run_new"), {"algorithm": algorithm}).context["form"]
    assert form.algorithm_name == algorithm
    assert form.parameter_fields
    assert all(field.help_text for field in form.parameter_fields)
    whole = PLAIN | {"algorithm": algorithm}
    whole |= {field.html_name: field.initial for field in form.parameter_fields if field.initial is not None}
    browser.post(reverse("run_new"), whole)
    assert Run.objects.get().config == {}


def test_the_page_follows_an_unfinished_run(browser: Client, school: School) -> None:
    run = new_run(school, state=JobState.RUNNING, progress_share=0.25, progress_text="training on the older part")
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=30))
    progress = reverse("run_progress", args=[run.pk])
    page = browser.get(reverse("run_page", args=[run.pk])).content.decode()
    assert f'hx-get="{progress}?shown=running"' in page
    assert "plotly.min.js" in page, "the curve comes later, without the page's head"
    fragment = browser.get(progress)
    text = fragment.content.decode()
    assert "<html" not in text
    assert "training on the older part" in text
    assert "25%" in text
    assert re.search(r"about 1 min 3\d s left", text), "a quarter in 30 s and a bit"
    assert "HX-Refresh" not in fragment.headers
    assert browser.get(progress, {"shown": "queued"}).headers["HX-Refresh"] == "true", "the heading says queued"


def test_the_last_answer_reloads_the_page_and_asks_no_more(browser: Client, school: School) -> None:
    run = new_run(school, state=JobState.FAILED, error="Nothing to learn from.")
    fragment = browser.get(reverse("run_progress", args=[run.pk]))
    assert fragment.headers["HX-Refresh"] == "true"
    assert "hx-get" not in fragment.content.decode()


@pytest.mark.parametrize(
    ("share", "seconds", "left"), [(0.5, 60, 60), (0.01, 60, None), (0.06, 60, None), (0.5, 1, None), (0.25, 30, 90)]
)
def test_the_time_left_is_told_once_it_can_be(share: float, seconds: float, left: float | None) -> None:
    started_at = timezone.now() - timedelta(seconds=seconds)
    found = remaining_seconds(Run(state=JobState.RUNNING, progress_share=share, started_at=started_at))
    assert found == (None if left is None else pytest.approx(left, abs=1))


def test_a_queued_run_is_cancelled_at_once(browser: Client, school: School) -> None:
    run = new_run(school)
    response = browser.post(reverse("run_cancel", args=[run.pk]), follow=True)
    run.refresh_from_db()
    assert run.state == JobState.CANCELLED
    assert "The run stops" in response.content.decode()
    again = browser.post(reverse("run_cancel", args=[run.pk]), follow=True)
    assert "had already ended" in again.content.decode()


def test_a_finished_run_says_how_good_it_is(browser: Client, school: School, trained: Callable[..., Run]) -> None:
    run = trained(school.organisation)
    response = browser.get(reverse("run_page", args=[run.pk]))
    rows = {row.label: row for row in response.context["metrics"]}
    assert rows["NDCG@10"].value == run.metrics["ndcg_10"]
    assert rows["NDCG@10"].baseline == run.baseline_metrics["ndcg_10"]
    text = response.content.decode()
    assert run.verdict.replace("'", "&#x27;") in text
    assert reverse("version_page", args=[run.version.pk]) in text
    assert ("Learners", "60") in response.context["data"]
    assert "hx-get" not in text.partition("<main")[2], "nothing is left to follow"


def test_the_error_is_the_sentence_of_the_run(browser: Client, school: School, trained: Callable[..., Run]) -> None:
    run = trained(school.organisation, kind="course")
    assert run.state == JobState.FAILED
    assert run.error
    assert run.error[:40] in browser.get(reverse("run_page", args=[run.pk])).content.decode()


def test_the_list_is_paged_and_filtered_in_sql(
    browser: Client, school: School, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.NEURALINK_PAGE_ROWS = 5
    runs = Run.objects.bulk_create(
        Run(organisation=school.organisation, algorithm="ease" if n % 2 else "popularity", state=JobState.FAILED)
        for n in range(12)
    )
    with django_assert_max_num_queries(10):
        page = browser.get(reverse("run_list"), {"page": 2}).context["page"]
    assert [run.pk for run in page] == [run.pk for run in runs[::-1][5:10]]
    filtered = browser.get(reverse("run_list"), {"algorithm": "ease", "state": "failed"}).context["page"]
    assert {run.algorithm for run in filtered} == {"ease"}
    assert filtered.paginator.count == 6
    assert browser.get(reverse("run_list"), {"page": "x", "state": "magic"}).context["page"].number == 1
    assert "Nothing matches" in browser.get(reverse("run_list"), {"state": "running"}).content.decode()


def test_an_empty_list_says_what_to_do(browser: Client) -> None:
    text = browser.get(reverse("run_list")).content.decode()
    assert "Nothing has been trained yet" in text
    assert reverse("run_new") in text


def test_a_smaller_model_is_shown_beside_the_whole_one(browser: Client, school: School) -> None:
    sizes = [
        {"precision": "float32", "ndcg_10": 0.1875, "hr_10": 0.31, "n_bytes": 874_000, "latency_ms": 2.5},
        {"precision": "int8", "ndcg_10": 0.1871, "hr_10": 0.30, "n_bytes": 232_000, "latency_ms": 2.25},
    ]
    run = new_run(school, algorithm="sasrec", state="succeeded", data={"sizes": sizes})
    html = browser.get(reverse("run_page", args=[run.pk])).content.decode()
    assert "Before and after" in html
    assert "0.1875" in html
    assert "0.1871" in html
    assert "int8" in html
