"""The rows that statements became: cleaned and loaded as those of any other source, and found again by statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection
from django.utils import timezone

from analytics.imports import ledger, load
from analytics.imports.clean import TEXTS, Cleaned
from analytics.imports.formats.base import Batch, Target
from analytics.imports.ledger import Counts
from analytics.imports.marks import PLACE
from analytics.imports.place import Place
from analytics.imports.run import rules_of
from analytics.imports.targets import WAYS
from analytics.models import Credential, Fate, Import, JobState, Organisation, Verdict

FORMAT = "statements"
SCHEMA = pa.schema([(name, pa.string()) for name in TEXTS])

EVENT_IDS = """
WITH given AS (
    SELECT * FROM unnest(%(places)s::int[], %(learners)s::text[], %(activities)s::text[], %(verbs)s::text[],
                         %(instants)s::timestamptz[], %(values)s::float8[])
    AS given (place, learner, activity, verb, at, value)
), wanted AS (
    SELECT place, learner.id AS learner_id, activity.id AS activity_id, given.verb, at, value,
           row_number() OVER (PARTITION BY learner.id, activity.id, given.verb, at, value ORDER BY place) AS nth
    FROM given
    JOIN analytics_learner learner ON learner.organisation_id = %(organisation)s AND learner.external_id = learner
    JOIN analytics_activity activity ON activity.organisation_id = %(organisation)s AND activity.external_id = activity
), made AS (
    SELECT id, learner_id, activity_id, verb, occurred_at AS at, value,
           row_number() OVER (PARTITION BY learner_id, activity_id, verb, occurred_at, value ORDER BY id) AS nth
    FROM analytics_event
    WHERE organisation_id = %(organisation)s AND from_import_id = %(import)s AND id > %(after)s
      AND occurred_at BETWEEN %(first)s AND %(last)s
)
SELECT place, id FROM wanted JOIN made USING (learner_id, activity_id, verb, at, nth)
WHERE wanted.value IS NOT DISTINCT FROM made.value
"""
"""Rows that are alike in everything are events that are alike in everything: any of them will do."""


@dataclass
class Written:
    """What became of (n,) rows, by their places."""

    fates: dict[int, Fate]
    codes: dict[int, str] = field(default_factory=dict)
    event_ids: dict[int, int] = field(default_factory=dict)
    instants: dict[int, datetime] = field(default_factory=dict)


@dataclass
class Sheet:
    """Rows of one import, cleaned before the transaction that writes them: months may have to be made."""

    rows: list[dict[str, str | None]]
    batch: Batch
    cleaned: Cleaned

    @classmethod
    def of(cls, organisation: Organisation, rows: Sequence[Mapping[str, str | None]]) -> Sheet:
        table = pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA)
        numbers = np.arange(1, len(rows) + 1)
        batch = Batch(Target.EVENTS, "", table, table, numbers, {}, 1.0)
        return cls([dict(row) for row in rows], batch, WAYS[Target.EVENTS].clean(batch, rules_of(organisation, {})))

    def write(self, import_: Import, is_counted: bool) -> Written:
        """Inside a transaction. `is_counted`: the import's ledger learns of the rows."""
        after = _last_event_id()
        to = Place(import_.organisation_id, import_.pk, implies_enrolment=True)
        merged = load.load_events(to, self.cleaned.rows) if self.cleaned.rows.num_rows else []
        if is_counted:
            self._count(import_, merged)
        written = Written(dict.fromkeys(range(len(self.rows)), Fate.EVENT))
        for mark in [*self.cleaned.marks, *merged]:
            if mark.verdict == Verdict.REJECTED:
                written.fates |= dict.fromkeys(mark.places.tolist(), Fate.REJECTED)
                written.codes |= dict.fromkeys(mark.places.tolist(), mark.code)
            elif mark.verdict == Verdict.MERGED:
                written.fates |= dict.fromkeys(mark.places.tolist(), Fate.MERGED)
        self._find(to, after, written)
        return written

    def _count(self, import_: Import, merged: list[Any]) -> None:
        counts = ledger.counted(self.batch, self.cleaned, merged)
        before = Counts.of(Import.objects.select_for_update(no_key=True).get(pk=import_.pk))
        lines = list(ledger.lines(self.batch, [*self.cleaned.marks, *merged]))
        ledger.keep(import_, import_.source_name, lines, offset=before.read)
        Import.objects.filter(pk=import_.pk).update(**(before + counts).fields(), finished_at=timezone.now())

    def _find(self, to: Place, after: int, written: Written) -> None:
        rows = self.cleaned.rows
        if not rows.num_rows:
            return
        instants = [at.replace(tzinfo=UTC) for at in rows["at"].to_pylist()]
        written.instants = dict(zip(rows[PLACE].to_pylist(), instants, strict=True))
        kept = [index for index, place in enumerate(rows[PLACE].to_pylist()) if written.fates[place] == Fate.EVENT]
        if not kept:
            return
        values: dict[str, Any] = {"organisation": to.organisation_id, "import": to.import_id, "after": after}
        values |= {"first": min(instants), "last": max(instants), "instants": [instants[index] for index in kept]}
        columns = {"places": PLACE, "learners": "learner", "activities": "activity", "verbs": "verb", "values": "value"}
        for name, column in columns.items():
            texts = rows[column].to_pylist()
            values[name] = [texts[index] for index in kept]
        with connection.cursor() as cursor:
            cursor.execute(EVENT_IDS, values)
            written.event_ids = dict(cursor.fetchall())


def _last_event_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM analytics_event_id_seq")
        (last,) = cursor.fetchone()
    return int(last)


def import_of_day(organisation: Organisation, credential: Credential | None) -> Import:
    """The import that gathers what became events today of the statements of one credential."""
    now = timezone.now()
    today = now.astimezone(UTC).date().isoformat()
    name = credential.name if credential else ""
    found, _made = Import.objects.get_or_create(
        organisation=organisation,
        format=FORMAT,
        rolled_back_at=None,
        options={"credential": credential.key if credential else "", "on": today},
        defaults={
            "source_name": f"xAPI: {name} {today}",
            "state": JobState.SUCCEEDED,
            "progress_share": 1.0,
            "started_at": now,
            "finished_at": now,
        },
    )
    return found
