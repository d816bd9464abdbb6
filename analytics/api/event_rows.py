"""Writing events: what a row may hold, and what is told of each."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from analytics.imports.clean import TEXTS
from analytics.imports.events import add_events
from analytics.models import ApiKey, Kind, RowVerdict, Unit, Verb, Verdict
from analytics.rest.parsers import BodyTooLarge
from analytics.rest.permissions import Caller

EXAMPLE_ROWS = [
    {"id": "q-1", "learner": "ana", "activity": "quiz-7", "verb": "answered", "at": "2026-03-01T09:30:00+01:00",
     "value": 0.8, "unit": "share", "kind": "quiz", "course": "algebra"},
    {"id": "q-2", "learner": "ana", "activity": "video-3", "verb": "completed"},
]  # fmt: skip


class NewEvent(serializers.Serializer[Any]):
    """One event to write. Rows are cleaned as those of a file are: see the verdicts of the answer."""

    learner = serializers.CharField(max_length=500, help_text="external id; a new one makes a learner")
    activity = serializers.CharField(max_length=500, help_text="external id; a new one makes an activity")
    verb = serializers.CharField(help_text=f"{', '.join(Verb.values)}, or a synonym of one")
    at = serializers.CharField(help_text="ISO 8601, or seconds since 1970; the organisation's zone if it names none")
    value = serializers.FloatField(required=False, allow_null=True)
    unit = serializers.ChoiceField(choices=Unit.choices, required=False)
    id = serializers.CharField(
        max_length=500, required=False, help_text="the sender's id: taken once, however often sent"
    )
    kind = serializers.ChoiceField(choices=Kind.choices, required=False, help_text="of a new activity")
    course = serializers.CharField(max_length=500, required=False, help_text="external id of a new activity's course")
    name = serializers.CharField(required=False, help_text="of a new activity")
    learner_name = serializers.CharField(required=False, help_text="of a new learner")


class EventVerdictSerializer(serializers.Serializer[Any]):
    """What became of one row that was not simply accepted."""

    index = serializers.IntegerField(help_text="of the row in the body, from 0")
    field = serializers.CharField(allow_null=True, help_text="the field at fault; null if it is the row as a whole")
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    code = serializers.CharField()
    sentence = serializers.CharField()


class WrittenSerializer(serializers.Serializer[Any]):
    """Rows: read = accepted + merged + rejected; repaired ones are accepted or merged too."""

    from_import = serializers.IntegerField(help_text="all that this sender wrote today")
    read = serializers.IntegerField()
    accepted = serializers.IntegerField()
    merged = serializers.IntegerField(help_text="had been sent before")
    repaired = serializers.IntegerField()
    rejected = serializers.IntegerField()
    verdicts = EventVerdictSerializer(many=True)


BULK_BODY = PolymorphicProxySerializer(
    component_name="NewEvents", serializers=[NewEvent(many=True), NewEvent], resource_type_field_name=None, many=False
)
BULK_EXAMPLES = [
    OpenApiExample("an array of events", request_only=True, value=EXAMPLE_ROWS),
    OpenApiExample(
        "one of them was no good",
        response_only=True,
        status_codes=["200"],
        value={"from_import": 41, "read": 2, "accepted": 1, "merged": 0, "repaired": 0, "rejected": 1}
        | {
            "verdicts": [
                {
                    "index": 1,
                    "field": "at",
                    "verdict": "rejected",
                    "code": "at_missing",
                    "sentence": "The row does not say when.",
                }
            ]
        },
    ),
]


def write(rows: Any, caller: Caller, is_one: bool) -> dict[str, Any]:
    """Write the rows and tell of them, as WrittenSerializer shows it.

    Raises:
        ValidationError: a row is no object, or not one row was any good.
        BodyTooLarge: there are more than NEURALINK_API_ROWS.
    """
    _check(rows)
    written = add_events(caller.organisation, rows, source=_name(caller), by=caller)
    verdicts = sorted(map(_told, written.verdicts), key=itemgetter("index"))
    if written.counts.rejected == len(rows):
        raise _all_rejected(verdicts, is_one)
    return {"from_import": written.from_import.pk, "verdicts": verdicts} | {
        name: getattr(written.counts, name) for name in ("read", "accepted", "merged", "repaired", "rejected")
    }


def _check(rows: Sequence[Any]) -> None:
    most = settings.NEURALINK_API_ROWS
    if len(rows) > most:
        sentence = _("There are %(n)d events; at most %(most)d are taken at once. Send them in several requests.")
        raise BodyTooLarge(sentence % {"n": len(rows), "most": most})
    if not rows:
        raise ValidationError(_("There is no event in the body."))
    wrong = {str(index): [_("An event is a JSON object.")] for index, row in enumerate(rows) if type(row) is not dict}
    if wrong:
        raise ValidationError(wrong)


def _name(caller: Caller) -> str:
    return f"API: {caller.name if isinstance(caller, ApiKey) else caller.login.get_username()}"


def _told(verdict: RowVerdict) -> dict[str, Any]:
    """Codes begin with the field that they are about, if they are about one."""
    fields = [name for name in TEXTS if verdict.code.startswith(f"{name}_")]
    return {
        "index": verdict.row_number - 1,
        "field": max(fields, key=len, default=None),
        "verdict": verdict.verdict,
        "code": verdict.code,
        "sentence": verdict.sentence,
    }


def _all_rejected(verdicts: list[dict[str, Any]], is_one: bool) -> ValidationError:
    """Nothing was written, so the answer must not look like a success."""
    detail: dict[str, Any] = {}
    for told in verdicts:
        if told["verdict"] == Verdict.REJECTED:
            row = detail if is_one else detail.setdefault(str(told["index"]), {})
            row.setdefault(told["field"] or "non_field_errors", []).append(told["sentence"])
    return ValidationError(detail)
