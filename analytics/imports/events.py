"""Events written one request at a time: the same cleaning and load as a file, at once and in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.aggregates.rollups import request_refresh
from analytics.imports import ledger, load
from analytics.imports.clean import TEXTS
from analytics.imports.formats.base import Batch, Target
from analytics.imports.ledger import Counts
from analytics.imports.partitions import ensure_months
from analytics.imports.place import Place
from analytics.imports.run import rules_of
from analytics.imports.tables.base import BrokenRow
from analytics.imports.targets import WAYS
from analytics.models import ApiKey, Import, JobState, Member, Organisation, RowVerdict

FORMAT = "api"


@dataclass(frozen=True)
class Written:
    """What one call did."""

    from_import: Import
    """All that the same sender wrote on the same day."""
    counts: Counts
    verdicts: list[RowVerdict]
    """Of this call's rows that were not simply accepted; `row_number` counts from 1 in the call."""


def add_events(
    organisation: Organisation,
    rows: Sequence[Mapping[str, Any]],
    *,
    source: str,
    by: ApiKey | Member | None = None,
) -> Written:
    """Write events; each row may hold learner, activity, verb, at, value, unit, id, kind, course, name, learner_name.

    Rows that are no good are rejected with a verdict each, the others are written. Rows with an `id` are taken once.
    """
    batch = _batch(rows, source)
    cleaned = WAYS[Target.EVENTS].clean(batch, rules_of(organisation, {}))
    ensure_months(load.days_of(cleaned.rows))
    with transaction.atomic():
        import_ = _import_of_today(organisation, source, by)
        to = Place(organisation.pk, import_.pk, implies_enrolment=True)
        merged = load.load_events(to, cleaned.rows) if cleaned.rows.num_rows else []
        counts = ledger.counted(batch, cleaned, merged)
        # Not FOR UPDATE: events of another call hold a share of this row's key, and would wait for us in turn.
        before = Counts.of(Import.objects.select_for_update(no_key=True).get(pk=import_.pk))
        lines = list(ledger.lines(batch, [*cleaned.marks, *merged]))
        ledger.keep(import_, source, lines, offset=before.read)
        Import.objects.filter(pk=import_.pk).update(**(before + counts).fields(), finished_at=timezone.now())
        if counts.accepted:
            request_refresh(organisation.pk)
    import_.refresh_from_db()
    return Written(import_, counts, [_verdict(import_, source, line) for line in lines])


def _import_of_today(organisation: Organisation, source: str, by: ApiKey | Member | None) -> Import:
    """The import that gathers the sender's rows of the day; finished at every moment."""
    sender = f"{type(by).__name__.lower()} {by.pk}" if by is not None else source
    today = datetime.now(UTC).date().isoformat()
    now = timezone.now()
    scope: dict[str, Any] = {
        "organisation": organisation,
        "format": FORMAT,
        "rolled_back_at": None,
        "options": {"sender": sender, "on": today},
    }
    found: Import | None = Import.objects.filter(**scope).order_by("id").first()
    if found is not None:
        return found
    # The first two calls of a day may come together: the second waits here, and then finds the first one's.
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    found = Import.objects.filter(**scope).order_by("id").first()
    return found or Import.objects.create(
        **scope,
        source_name=f"{source} {today}",
        state=JobState.SUCCEEDED,
        progress_share=1.0,
        started_at=now,
        finished_at=now,
        requested_by=by if isinstance(by, Member) else None,
    )


def _batch(rows: Sequence[Mapping[str, Any]], source: str) -> Batch:
    texts: list[dict[str, str | None]] = []
    numbers: list[int] = []
    broken: list[BrokenRow] = []
    for number, row in enumerate(rows, start=1):
        found = _texts(row)
        if isinstance(found, str):
            broken.append(BrokenRow(number, "not_a_row", found, str(row)[:300]))
        else:
            texts.append(found)
            numbers.append(number)
    schema = pa.schema([(name, pa.string()) for name in TEXTS])
    table = pa.Table.from_pylist(texts, schema=schema)
    return Batch(Target.EVENTS, source, table, table, np.array(numbers, dtype=np.int64), {}, 1.0, broken)


def _texts(row: Mapping[str, Any]) -> dict[str, str | None] | str:
    """The row's values as texts, or the sentence that says why there are none."""
    found: dict[str, str | None] = {}
    for name, value in row.items():
        if name not in TEXTS:
            return _("Events have no field “%(name)s”; the fields are %(known)s.") % {
                "name": name[:50].replace("\0", ""),
                "known": ", ".join(TEXTS),
            }
        if isinstance(value, datetime):
            value = value.isoformat()
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            return _("The field “%(name)s” must be a text or a number.") % {"name": name}
        found[name] = None if value is None else str(value)
    return found


def _verdict(import_: Import, source: str, line: ledger.Line) -> RowVerdict:
    return RowVerdict(
        organisation_id=import_.organisation_id,
        from_import=import_,
        file_name=source,
        row_number=line.row_number,
        verdict=line.verdict,
        code=line.code,
        sentence=line.sentence,
        content=line.content,
    )
