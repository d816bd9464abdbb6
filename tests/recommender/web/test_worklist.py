"""The worklist's page and its deeds, messages with a look before they go, interventions, the policy."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from analytics.models import Enrolment, JobState, Member, Organisation, Outcome
from recommender.models import Case, Intervention, Mail, MessageTemplate, OutcomePolicy, Risk
from recommender.tasks import send_mail
from recommender.worklist.actions import record
from recommender.worklist.seen import today
from tests.cast import Cast
from tests.recommender.risks import add_risk

Risks = dict[int, Risk]


@pytest.fixture
def browser(client_of: Callable[..., Client], instructor: Member) -> Client:
    return client_of("instructor")


def act(browser: Client, action: str, *risks: Risk, **fields: Any) -> str:
    """The deed for these; the page that comes after it."""
    sent = {"action": action, "enrolment": [risk.enrolment_id for risk in risks], **fields}
    return browser.post(reverse("worklist_act"), sent, follow=True).content.decode()


def listed(browser: Client, **query: Any) -> list[str]:
    lines = browser.get(reverse("worklist"), query).context["lines"]
    return [line.risk.enrolment.learner.name for line in lines]


def test_the_page_says_who_first_and_why(browser: Client, risks: Risks) -> None:
    add_risk(risks[0].enrolment, 0.7, on=risks[0].on - timedelta(days=7))
    response = browser.get(reverse("worklist"))
    text = response.content.decode()
    assert "5 learners may need you, first of all Amara Okafor in Algebra." in text
    first = response.context["lines"][0]
    assert first.factors[1] == "No activity for 9 days; peers at this point: 2 days."
    assert first.change == pytest.approx(0.2)
    assert first.is_rising


def test_a_high_risk_without_a_factor_is_explained_by_the_peers(browser: Client, risks: Risks) -> None:
    Risk.objects.filter(pk=risks[0].pk).update(factors=[])
    like_others = "Nothing stands out beside peers: at this point of the course most of them are as much at risk."
    assert browser.get(reverse("worklist")).context["lines"][0].reason == like_others
    learner = browser.get(reverse("learner_risk", args=[risks[0].enrolment.learner_id]))
    assert like_others in learner.content.decode()
    assert like_others in b"".join(browser.get(reverse("worklist_csv"))).decode()  # type: ignore[arg-type]
    Risk.objects.filter(pk=risks[0].pk).update(risk_share=0.2)
    everybody = browser.get(reverse("course_risk", args=[risks[0].enrolment.course_id]), {"q": "amara"})
    assert "Nothing stands out beside peers.<" in everybody.content.decode()


def test_filters(browser: Client, risks: Risks, cast: Cast) -> None:
    assert listed(browser, q="silva") == ["Bruno Silva"]
    assert listed(browser, q="learner-03") == ["Chen Wei"]
    assert len(listed(browser, course=cast.north.courses["algebra"].pk)) == 5
    assert listed(browser, course=cast.north.courses["biology"].pk) == []
    assert len(listed(browser, course="x", show="magic", page="99")) == 5
    assert listed(browser, order="name", q="a")[:2] == ["Amara Okafor", "Bruno Silva"]
    assert listed(browser, order="course") == listed(browser, order="magic")
    assert listed(browser, q="\x00", course="9" * 30) != []
    assert "Nobody matches" in browser.get(reverse("worklist"), {"q": "nobody"}).content.decode()


@pytest.mark.parametrize("query", ["", "order=name&q=a", "show=done", "q=nobody"])
def test_the_file_is_what_the_page_shows(browser: Client, risks: Risks, query: str) -> None:
    act(browser, "finish", risks[1])
    given = dict(QueryDict(query).items())
    response: Any = browser.get(reverse("worklist_csv"), given)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    page: Any = browser.get(reverse("worklist"), given).context["lines"]
    assert [row["learner"] for row in rows] == [line.risk.enrolment.learner.name for line in page]
    assert [float(row["risk_share"]) for row in rows] == [line.risk.risk_share for line in page]
    assert [row["why"] for row in rows] == [" ".join([*line.strengths, *line.factors]) for line in page]


def test_each_deed(browser: Client, risks: Risks, instructor: Member, cast: Cast) -> None:
    day = today(cast.north.organisation)
    assert "2 learners are done with." in act(browser, "finish", risks[0], risks[1])
    assert listed(browser, show="done") == ["Amara Okafor", "Bruno Silva"]
    assert "1 learner is back." in act(browser, "reopen", risks[0])
    assert "1 learner was snoozed." in act(browser, "snooze", risks[0], days="14")
    assert listed(browser, show="snoozed") == ["Amara Okafor"]
    assert Case.objects.get(enrolment=risks[0].enrolment).snoozed_until == day + timedelta(days=14)
    assert "1 learner was assigned." in act(browser, "assign", risks[2], assigned_to=instructor.pk)
    assert listed(browser, show="mine") == ["Chen Wei"]
    act(browser, "assign", risks[2], assigned_to="")
    assert Case.objects.get(enrolment=risks[2].enrolment).assigned_to is None
    assert "Noted for 1 learner." in act(browser, "record", risks[2], kind="meeting", note="We <b>met</b>.")
    assert Intervention.objects.get().note == "We <b>met</b>."
    assert "We &lt;b&gt;met&lt;/b&gt;." in browser.get(reverse("worklist")).content.decode()


@pytest.mark.parametrize(
    ("action", "fields", "sentence"),
    [
        ("magic", {}, "not something that can be done"),
        ("", {}, "not something that can be done"),
        ("snooze", {"days": "0"}, "Snooze until a day between tomorrow"),
        ("snooze", {"days": "soon"}, "Choose for how long"),
        ("snooze", {"days": "99999"}, "Choose for how long"),
        ("assign", {"assigned_to": "999999999"}, "Choose one of the colleagues"),
        ("record", {"kind": "note", "note": ""}, "The note is empty"),
        ("record", {"kind": "bribe", "note": "x"}, "kind must be one of"),
    ],
)
def test_nonsense_changes_nothing(
    browser: Client, risks: Risks, action: str, fields: dict[str, str], sentence: str
) -> None:
    assert sentence in act(browser, action, risks[0], **fields)
    assert not Case.objects.exists()
    assert not Intervention.objects.exists()


def test_nobody_ticked_and_too_many(browser: Client, risks: Risks, settings: Any) -> None:
    assert "Nobody is chosen" in act(browser, "finish")
    settings.NEURALINK_BULK_ROWS = 1
    assert "2 learners are chosen; at most 1" in act(browser, "finish", risks[0], risks[1])


def test_the_list_comes_back_as_it_was_filtered(browser: Client, risks: Risks) -> None:
    sent = {"action": "finish", "enrolment": risks[0].enrolment_id, "query": "show=mine&q=a%26b"}
    assert browser.post(reverse("worklist_act"), sent).url == f"{reverse('worklist')}?show=mine&q=a%26b"
    sent["query"] = "//evil.example.org"
    assert browser.post(reverse("worklist_act"), sent).url.startswith(f"{reverse('worklist')}?")


def test_the_way_to_a_message_names_who_is_ticked_and_nothing_else(browser: Client, risks: Risks) -> None:
    """Addresses end up in histories and logs: no token, and no note half written, may stand in them."""
    ids = [risks[number].enrolment_id for number in (0, 2)]
    sent = {"action": "message", "enrolment": ids, "csrfmiddlewaretoken": "x" * 64, "note": "private"}
    there = browser.post(reverse("worklist_act"), sent).url
    assert there == f"{reverse('message_new')}?enrolment={ids[0]}&enrolment={ids[1]}"
    assert browser.get(there).status_code == 200
    assert "Nobody is chosen" in act(browser, "message")


def test_a_message_is_seen_before_it_is_sent(browser: Client, risks: Risks) -> None:
    ids = [risks[number].enrolment_id for number in (0, 2)]
    page = browser.get(reverse("message_new"), {"enrolment": ids, "letter": "catching-up"})
    text = page.content.decode()
    assert "A way back into {course}" in text
    sent = {"enrolment": ids, "subject": "How is {course}?", "body": "Hello {first_name}, <b>hi</b>"}
    sent["token"] = re.findall(r'name="token" value="([^"]+)"', text)[0]
    looked = browser.post(reverse("message_new"), sent).content.decode()
    assert "How is Algebra?" in looked
    assert "Hello Amara, &lt;b&gt;hi&lt;/b&gt;" in looked
    assert "1 learner has no e-mail address and gets nothing: Chen Wei" in looked
    assert "Send 1 mail" in looked
    assert not Mail.objects.exists()
    sent["send"] = re.findall(r'name="send" value="(\w+)"', looked)[0]
    changed = browser.post(reverse("message_new"), sent | {"body": "Something else"})
    assert "The text has changed since you saw it." in changed.content.decode()
    assert not Mail.objects.exists(), "only what was seen is sent"
    for _click in range(2):
        done = browser.post(reverse("message_new"), sent, follow=True)
    assert "0 mails are on their way." in done.content.decode(), "a second click sends nothing"
    send_mail(Mail.objects.get().pk)
    assert [mail.to for mail in outbox.outbox] == [["learner-01@example.org"]]
    assert "Irene Castillo" not in outbox.outbox[0].body
    log = browser.get(reverse("intervention_list")).content.decode()
    assert "How is Algebra?" in log
    assert "90%" in log


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"body": "Dear {whoever}"}, "Nothing fills {whoever}"),
        ({"body": " "}, "required"),
        ({"subject": "x" * 300}, "at most 200"),
        ({"token": "x"}, ""),
    ],
)
def test_a_refused_text_is_not_sent(browser: Client, risks: Risks, change: dict[str, str], sentence: str) -> None:
    sent = {
        "enrolment": risks[0].enrolment_id,
        "subject": "s",
        "body": "b",
        "token": "3f2b8f0e-58a9-4a0e-9c63-0d2f7a4d1e55",
        "send": "1",
    }
    response = browser.post(reverse("message_new"), sent | change)
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not Mail.objects.exists()


def test_a_mail_that_failed_goes_again(browser: Client, risks: Risks, instructor: Member, cast: Cast) -> None:
    mail = Mail.objects.create(
        organisation=cast.north.organisation,
        requested_by=instructor,
        address="a@example.org",
        subject="s",
        state=JobState.FAILED,
        error="a@example.org was not reached",
    )
    Intervention.objects.create(
        organisation=cast.north.organisation, enrolment=risks[0].enrolment, kind="message", mail=mail, on=risks[0].on
    )
    assert "was not reached" in browser.get(reverse("intervention_list")).content.decode()
    assert "on its way again" in browser.post(reverse("mail_again", args=[mail.pk]), follow=True).content.decode()
    assert (
        "Only a mail that failed" in browser.post(reverse("mail_again", args=[mail.pk]), follow=True).content.decode()
    )
    Mail.objects.update(requested_by=None, state=JobState.FAILED)
    assert browser.post(reverse("mail_again", args=[mail.pk])).status_code == 404, "a colleague's"


def test_an_archive_tells_no_outcome_behind_its_clock(browser: Client, risks: Risks, cast: Cast) -> None:
    organisation, enrolment = cast.north.organisation, risks[0].enrolment
    ended_at = organisation.now()
    Enrolment.objects.filter(pk=enrolment.pk).update(outcome=Outcome.WITHDRAWN, ended_at=ended_at)
    record([enrolment], "call", "Rang.", by=None)

    def told(as_of: datetime) -> str:
        Organisation.objects.update(as_of=as_of)
        return browser.get(reverse("intervention_list")).content.decode().partition("<tbody")[2]

    assert "Still learning" in told(ended_at - timedelta(days=1))
    assert "Withdrawn" in told(ended_at)


def test_the_policy_is_kept_and_holds(client_of: Callable[..., Client], risks: Risks, cast: Cast) -> None:
    administrator = client_of("administrator")
    sent = {
        "at_risk_share": "0.75",
        "learner_sees": "nothing",
        "rest_days": "7",
        "digest_weekday": "4",
        "digest_hour": "16",
    }
    assert administrator.post(reverse("outcome_policy"), sent).status_code == 302
    policy = OutcomePolicy.of(cast.north.organisation)
    assert (policy.at_risk_share, policy.sends_digest, policy.digest_weekday) == (0.75, False, 4)
    assert len(listed(administrator)) == 2
    assert administrator.post(reverse("outcome_policy"), sent | {"at_risk_share": "2"}).status_code == 200
    assert OutcomePolicy.of(cast.south.organisation).pk is None


def test_texts_are_written_changed_and_removed(client_of: Callable[..., Client], cast: Cast) -> None:
    administrator = client_of("administrator")
    sent = {"name": "Before the exam", "subject": "Soon", "body": "Good luck, {first_name}"}
    for _time in range(2):
        assert administrator.post(reverse("message_template_new"), sent).status_code == 302
    own = MessageTemplate.objects.order_by("id")
    assert [row.key for row in own] == ["before-the-exam", "before-the-exam-2"]
    shipped = reverse("message_template", args=["checking-in"])
    assert "How is {course} going?" in administrator.get(shipped).content.decode()
    assert administrator.post(shipped, sent | {"body": "{x}"}).status_code == 200
    assert administrator.post(shipped, sent).status_code == 302
    assert MessageTemplate.objects.count() == 3
    assert "Back to the shipped text" in administrator.get(shipped).content.decode()
    assert administrator.post(reverse("message_template_remove", args=["checking-in"])).status_code == 302
    assert "How is {course} going?" in administrator.get(shipped).content.decode()
    assert administrator.get(reverse("message_template", args=["nothing"])).status_code == 404


def test_the_digest_can_be_read_before_it_comes(browser: Client, risks: Risks, instructor: Member) -> None:
    text = browser.get(reverse("digest_preview")).content.decode()
    assert "5 learners may need you this week" in text
    assert "Amara Okafor, Algebra: 90%." in text
    assert "irene@example.org" in text
    instructor.login.email = ""
    instructor.login.save()
    assert "has no e-mail address" in browser.get(reverse("digest_preview")).content.decode()


def test_without_risks_every_page_says_what_to_do(client_of: Callable[..., Client], cast: Cast) -> None:
    administrator = client_of("administrator")
    course, learner = cast.north.courses["algebra"].pk, cast.north.learners[0].pk
    pages = [
        reverse("worklist"),
        reverse("risk_summary"),
        reverse("course_risk", args=[course]),
        reverse("course_risk_summary", args=[course]),
        reverse("learner_risk", args=[learner]),
    ]
    for page in pages:
        assert "No course has ended often enough yet" in administrator.get(page).content.decode(), page
