"""Out and in again: the same history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from analytics.imports.projector.exporting import Span, statement_lines, statement_of
from analytics.imports.projector.meaning import meaning_of
from analytics.models import Event, Fate, Unit, Verb
from analytics.xapi.statements import check_statement
from tests.analytics.imports.projector.conftest import said
from tests.cast import Cast, last_day


def exported(cast: Cast, span: Span = Span()) -> list[dict[str, Any]]:  # noqa: B008
    return [json.loads(line) for line in statement_lines(cast.north.organisation, span)]


def test_every_event_once_and_statements_as_they_came(cast: Cast, send: Callable, project_all: Callable) -> None:
    one = said(result={"score": {"scaled": 0.5}, "extensions": {"https://example.org/x": "é\n"}})
    send(one)
    project_all()
    statements = exported(cast)
    assert len(statements) == len({each["id"] for each in statements}) == len(cast.north.events) + 1
    assert statements[0]["result"] == one["result"]
    assert statements[0]["stored"]
    for statement in statements[1:]:
        check_statement(statement, "2.0.0")
    assert exported(cast) == statements


@pytest.mark.parametrize("verb", Verb.values)
def test_what_comes_in_again_means_the_same(cast: Cast, verb: str) -> None:
    event = next(event for event in Event.objects.all() if event.activity.kind == "forum")
    for value, unit in ((None, ""), (0.5, "share"), (90.0, "seconds"), (3.0, "clicks"), (4.0, "stars")):
        event.verb, event.value, event.unit = verb, value, unit
        found = meaning_of(statement_of(event, None), {})
        assert found.fate == Fate.EVENT
        assert found.row is not None
        assert found.row["verb"] == verb
        if unit in {Unit.CLICKS, Unit.STARS} or (unit and verb == Verb.ANSWERED and unit == Unit.SHARE):
            assert (float(found.row["value"] or 0), found.row["unit"]) == (value, unit)


def test_spans(cast: Cast) -> None:
    since, until = last_day() - timedelta(days=2), last_day() - timedelta(days=1)
    inside = [event for event in cast.north.events if since <= event.occurred_at < until]
    assert inside
    assert len(exported(cast, Span(since, until))) == len(inside)


def test_the_command(cast: Cast, tmp_path: Any) -> None:
    out = StringIO()
    call_command("export_statements", organisation="north", stdout=out)
    assert len(out.getvalue().splitlines()) == len(cast.north.events)
    file = tmp_path / "statements.jsonl"
    call_command("export_statements", "--organisation=south", f"--output={file}", "--since=2001-01-01T00:00:00Z")
    assert len(file.read_text().splitlines()) == len(cast.south.events)
    with pytest.raises(CommandError, match="--organisation"):
        call_command("export_statements")
    with pytest.raises(CommandError, match="yesterday"):
        call_command("export_statements", "--organisation=north", "--since=yesterday")
