"""Messages: filled in, looked at, sent once, written down; texts that are refused."""

from __future__ import annotations

import uuid

import pytest
from django.core import mail as outbox
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import InvalidInput
from analytics.models import JobState, Member
from recommender.models import Intervention, InterventionKind, Mail, MessageTemplate, Risk
from recommender.tasks import send_mail
from recommender.worklist import letters, messages
from recommender.worklist.post import send_again
from tests.cast import Cast
from tests.conftest import Message
from tests.recommender.risks import FATE, enrolment_of

Risks = dict[int, Risk]
SUBJECT, BODY = "How is {course} going?", "Hello {first_name},\n\n{noticed}\n{strengths}\n\n{sender}, {organisation}"


def test_gaps_are_filled_for_each_learner(risks: Risks, instructor: Member) -> None:
    one, unknown = messages.draft([enrolment_of(risks[0]), enrolment_of(risks[7])], SUBJECT, BODY, by=instructor)
    assert one.subject == "How is Algebra going?"
    assert one.address == "learner-01@example.org"
    assert one.body == (
        "Hello Amara,\n\n- No activity for 9 days.\n- 2 assessments missing.\n- Mean result 80%.\n\n"
        "Irene Castillo, North College"
    )
    assert "- It has been quiet for a while." in unknown.body


def test_learners_are_not_told_of_others(risks: Risks, instructor: Member) -> None:
    assert FATE in risks[0].factors
    body = messages.draft([enrolment_of(risks[0])], "x", "{noticed}{strengths}", by=instructor)[0].body
    assert "peers" not in body
    assert "did not finish" not in body


@pytest.mark.parametrize(
    ("subject", "body", "pointer", "sentence"),
    [
        ("", "x", "subject", "This is empty"),
        ("x", " \n", "body", "This is empty"),
        ("x" * 201, "x", "subject", "201 characters are too many"),
        ("x", "x" * 5001, "body", "5001 characters"),
        ("x", "Dear {name}", "body", "Nothing fills {name}. These are filled: {first_name}"),
        ("{0}", "x", "subject", "Nothing fills {0}"),
    ],
)
def test_texts_that_are_refused(
    risks: Risks, instructor: Member, subject: str, body: str, pointer: str, sentence: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        messages.draft([enrolment_of(risks[0])], subject, body, by=instructor)
    assert sentence in str(caught.value)
    assert caught.value.pointer == pointer


def test_a_subject_is_one_line(risks: Risks, instructor: Member) -> None:
    drafts = messages.draft([enrolment_of(risks[0])], "Hello\r\nBcc: all@example.org", "x", by=instructor)
    assert drafts[0].subject == "Hello Bcc: all@example.org"


@given(st.text(max_size=60), st.text(max_size=20))
def test_filling_never_fails_and_fills_once(text: str, value: str) -> None:
    letters.fill(text, {"learner": value})
    assert letters.fill("{learner}", {"learner": "{sender}", "sender": "x"}) == "{sender}"


def test_sent_once_and_written_down(
    cast: Cast, risks: Risks, instructor: Member, woken: list[Message], django_capture_on_commit_callbacks: object
) -> None:
    enrolments = [enrolment_of(risks[number]) for number in (0, 1, 2)]
    token = uuid.uuid4()
    drafts = messages.draft(enrolments, SUBJECT, BODY, by=instructor)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        first, second = messages.send(drafts, token, by=instructor)
    assert messages.send(drafts, token, by=instructor) == [], "the form was sent twice"
    assert Mail.objects.count() == 2, "the third has no address"
    assert [message.task_name for message in woken] == [Mail.task_name] * 2
    assert (first.kind, first.enrolment, first.risk_share, first.by) == (
        InterventionKind.MESSAGE, enrolments[0], 0.9, instructor,
    )  # fmt: skip
    send_mail(first.mail_id)
    send_mail(first.mail_id)
    (sent,) = outbox.outbox
    assert (sent.to, sent.reply_to, sent.subject) == (
        ["learner-01@example.org"], ["irene@example.org"], "How is Algebra going?",
    )  # fmt: skip
    assert str(first.mail.message_id) in sent.extra_headers["Message-ID"]
    first.mail.refresh_from_db()
    assert first.mail.state == JobState.SUCCEEDED
    assert first.mail.sent_at is not None
    assert second.mail.state == JobState.QUEUED


def test_a_page_does_not_wait_for_hundreds_of_knocks(
    risks: Risks, instructor: Member, woken: list[Message], monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: object,
) -> None:  # fmt: skip
    monkeypatch.setattr(messages, "N_WOKEN", 2)
    drafts = messages.draft([enrolment_of(risk) for risk in risks.values()], SUBJECT, BODY, by=instructor)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert len(messages.send(drafts, uuid.uuid4(), by=instructor)) == 7
    assert len(woken) == 2
    assert len(set(Mail.objects.to_wake().values_list("pk", flat=True))) == 5, "the sweeper finds the others"


def test_a_server_that_refuses_is_told_and_tried_again(
    cast: Cast, risks: Risks, instructor: Member, settings: object
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # type: ignore[attr-defined]
    drafts = messages.draft([enrolment_of(risks[0])], SUBJECT, BODY, by=instructor)
    (done,) = messages.send(drafts, uuid.uuid4(), by=instructor)
    send_mail(done.mail_id)
    mail = Mail.objects.get()
    assert mail.state == JobState.FAILED
    assert "learner-01@example.org was not reached" in mail.error
    assert mail.sent_at is None
    assert not send_again(cast.south.organisation, mail.pk)
    assert send_again(cast.north.organisation, mail.pk)
    assert not send_again(cast.north.organisation, mail.pk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # type: ignore[attr-defined]
    send_mail(mail.pk)
    assert len(outbox.outbox) == 1
    assert Intervention.objects.count() == 1


def test_an_organisations_text_takes_the_place_of_a_shipped_one(cast: Cast) -> None:
    north = cast.north.organisation
    MessageTemplate.objects.create(organisation=north, key="checking-in", name="Ours", subject="s", body="b")
    MessageTemplate.objects.create(organisation=north, key="own", name="Another", subject="s", body="b")
    found = letters.letters_of(north)
    assert [(letter.key, letter.is_own) for letter in found] == [
        ("checking-in", True), ("catching-up", False), ("encouragement", False), ("own", True),
    ]  # fmt: skip
    assert not any(letter.is_own for letter in letters.letters_of(cast.south.organisation))
    for letter in found:
        letters.check_gaps(str(letter.body), "body")


def test_the_address_of_the_own_login_comes_first(cast: Cast, risks: Risks, instructor: Member) -> None:
    login = cast.north.members["learner"].login
    login.email = "amara@example.org"
    login.save()
    assert messages.draft([enrolment_of(risks[0])], "x", "y", by=instructor)[0].address == "amara@example.org"
    cast.north.learners[1].attributes = {"email": "not an address"}
    cast.north.learners[1].save()
    assert messages.draft([enrolment_of(risks[1])], "x", "y", by=instructor)[0].address == ""
