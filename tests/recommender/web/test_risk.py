"""Risks where people look: a course's page, a learner's fragment, the overview's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import Enrolment
from recommender.evaluation.outcome_metrics import AT_RISK_SHARE
from recommender.models import Intervention, Risk
from recommender.web.risk_charts import history, spread_chart
from tests.cast import Cast
from tests.recommender.risks import add_risk

Risks = dict[int, Risk]


@pytest.fixture
def browser(client_of: Callable[..., Client]) -> Client:
    return client_of("instructor")


def course_page(browser: Client, cast: Cast, **query: Any) -> Any:
    return browser.get(reverse("course_risk", args=[cast.north.courses["algebra"].pk]), query)


def names(response: Any) -> list[str]:
    return [cells[0].text.split()[0] for cells in response.context["shown"].lines]


def test_a_courses_risks(browser: Client, cast: Cast, risks: Risks) -> None:
    response = course_page(browser, cast)
    assert "5 of 7 learners with an estimate have a risk of 50% or more not to finish." in response.content.decode()
    assert names(response) == ["Amara", "Bruno", "Chen", "Daria", "Emre", "Fatima", "Grace", "Hiro"]
    assert names(course_page(browser, cast, show="at_risk")) == ["Amara", "Bruno", "Chen", "Daria", "Emre"]
    assert names(course_page(browser, cast, show="unknown")) == ["Hiro"]
    assert names(course_page(browser, cast, sort="name", q="a"))[:2] == ["Amara", "Bruno"]
    assert names(course_page(browser, cast, sort="grade_share"))[:1] == ["Amara"]
    assert names(course_page(browser, cast, sort="magic", show="x")) == names(response)
    assert response.context["chart"].figure["data"][0]["y"] == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]


def test_the_number_of_queries_does_not_follow_the_rows(
    browser: Client, cast: Cast, risks: Risks, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20):
        course_page(browser, cast)


def test_one_learner_for_staff(browser: Client, cast: Cast, risks: Risks) -> None:
    enrolment = risks[0].enrolment
    for week, share in ((1, 0.5), (2, 0.4)):
        add_risk(enrolment, share, on=risks[0].on - timedelta(days=7 * week))
    Intervention.objects.create(
        organisation=cast.north.organisation, enrolment=enrolment, kind="call", note="spoke", on=risks[0].on
    )
    text = browser.get(reverse("learner_risk", args=[cast.north.learners[0].pk])).content.decode()
    assert text.index("Strengths") < text.index("What raises the risk")
    assert "risk 90%" in text
    assert "expected grade 10%" in text
    assert "From 40% to 90% in 3 predictions." in text
    assert "1 intervention" in text
    unknown = browser.get(reverse("learner_risk", args=[cast.north.learners[7].pk])).content.decode()
    assert "Not enough data yet" in unknown


def test_a_risk_without_factors_says_so(browser: Client, cast: Cast, risks: Risks) -> None:
    Risk.objects.update(factors=[], strengths=[])
    text = browser.get(reverse("learner_risk", args=[cast.north.learners[0].pk])).content.decode()
    like_others = "Nothing stands out beside peers: at this point of the course most of them are as much at risk."
    assert like_others in text
    course = course_page(browser, cast).content.decode()
    n_high = sum((risk.risk_share or 0) >= AT_RISK_SHARE for risk in Risk.objects.exclude(risk_share=None))
    # Each twice: in a column of its own, and under the risk on a phone.
    told = (course.count(like_others) / 2, course.count("Nothing stands out beside peers.") / 2)
    assert told == (n_high, 7 - n_high)


def test_only_what_the_instructor_teaches(browser: Client, cast: Cast, risks: Risks) -> None:
    biology = Enrolment.objects.get(learner=cast.north.learners[6], course=cast.north.courses["biology"])
    add_risk(biology, 0.77)
    text = browser.get(reverse("learner_risk", args=[cast.north.learners[6].pk])).content.decode()
    assert "Algebra" in text
    assert "Biology" not in text
    assert "77%" not in text


def test_the_fragments_of_overview_and_course(browser: Client, cast: Cast, risks: Risks) -> None:
    text = browser.get(reverse("risk_summary")).content.decode()
    assert "Amara Okafor" in text
    assert reverse("worklist") in text
    summary = browser.get(reverse("course_risk_summary", args=[cast.north.courses["algebra"].pk])).content.decode()
    assert "5 of 8 learners who run this course are at risk" in summary
    assert "Of 1 there is not enough data yet." in summary
    assert summary.index("Amara Okafor") < summary.index("Bruno Silva"), "the highest risk first"
    assert f"{reverse('message_new')}?enrolment={risks[0].enrolment_id}" in summary


def test_pages_of_analytics_name_the_fragments(browser: Client, cast: Cast) -> None:
    course, learner = cast.north.courses["algebra"].pk, cast.north.learners[0].pk
    for page, fragment in (
        (reverse("overview"), reverse("risk_summary")),
        (reverse("course_page", args=[course]), reverse("course_risk_summary", args=[course])),
        (reverse("learner_page", args=[learner]), reverse("learner_risk", args=[learner])),
    ):
        assert f'hx-get="{fragment}"' in browser.get(page).content.decode()


def test_charts_have_a_sentence_and_a_table(risks: Risks) -> None:
    chart = spread_chart([1, 0, 0, 0, 0, 2, 0, 0, 0, 1], 0.5)
    assert chart.sentence == "3 of 4 risks are 50% or more."
    assert chart.rows[5] == ("50%–60%", "2")
    assert chart.figure["data"][0]["marker"]["color"].count("var(--bad)") == 5
    assert history([risks[0]], "x") is None
    assert history([risks[0], risks[7]], "x") is None


def test_no_risk_is_told_as_a_certainty(risks: Risks) -> None:
    before, now = risks[0], risks[1]
    before.risk_share, now.risk_share = 0.004, 0.997
    chart = history([before, now], "x")
    assert chart is not None
    assert chart.sentence == "From less than 1% to more than 99% in 2 predictions."
    assert [row[1] for row in chart.rows] == ["less than 1%", "more than 99%"]
