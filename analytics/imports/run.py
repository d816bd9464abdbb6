"""The one function that does an import, whoever asked: command, upload page or API.

Reading and cleaning a batch go on in a thread while the database takes in the one before. Everything that a batch
changes, the ledger and the reader's place included, is one transaction, in which the lease is confirmed: a process
that is killed at any moment leaves whole batches, and the next one goes on exactly after the last of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import pyarrow as pa
from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.errors import DiskFull

from analytics.aggregates.rollups import request_refresh
from analytics.errors import InvalidInput, NeuralinkError
from analytics.imports import clock, dry_run, fingerprint, ledger, load
from analytics.imports.clean import Cleaned
from analytics.imports.formats import format_named
from analytics.imports.formats.base import Batch, Format, Target
from analytics.imports.ledger import Counts
from analytics.imports.marks import Mark
from analytics.imports.partitions import ensure_months
from analytics.imports.place import Place
from analytics.imports.steps.base import Rules
from analytics.imports.targets import WAYS
from analytics.jobs import Lease, commit_without_waiting
from analytics.models import Import, Kind, Organisation, Verdict

Each = TypeVar("Each")
Progress = Callable[[float, str], None]


def run_import(lease: Lease, progress: Progress = lambda share, text: None) -> None:
    """Import on from the checkpoint of the lease's import to the end of its source.

    Raises:
        NeuralinkError: the source cannot be imported; the sentence says why.
        LeaseLost: another process works on the import; nothing of the last batch was written.
        JobCancelled: somebody asked for that; the batches before stay.
    """
    import_ = cast("Import", lease.job)
    source = format_named(import_.format)(Path(import_.path), import_.options)
    source.check()
    _recognise(import_, source, lease)
    if not import_.checkpoint:
        source.verify()
    with fingerprint.alone_with(import_, lease):
        import_.refresh_from_db()
        other = fingerprint.former(import_)
        if other is not None and other.n_read > import_.n_read:
            fingerprint.take_over(import_, other)
        if import_.is_dry_run:
            dry_run.begin(import_, lease)
        run = _Run(import_, source, lease)
        rules = rules_of(import_.organisation, import_.options, source.date_order)
        try:
            for batch, cleaned in one_ahead(run.cleaned_batches(rules)):
                with _room_on_disk():
                    run.commit(batch, cleaned)
                progress(batch.share, import_.progress_text)
        finally:
            # Whatever ended it, the batches before stay, and their days have to be counted. What was merged may have
            # brought enrolments or activities up to date: no day changes then, but what was counted by them does.
            if (import_.n_accepted or import_.n_merged) and not import_.is_dry_run:
                request_refresh(import_.organisation_id)
    _finish(import_, source, lease)
    progress(1.0, import_.progress_text)


def one_ahead(each: Iterator[Each]) -> Iterator[Each]:
    """Pass items on while a thread already makes the next one."""
    end: Any = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, each, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, each, end)
            yield item


@contextlib.contextmanager
def _room_on_disk() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, DiskFull):
            raise
        raise NeuralinkError(
            _("The database's disk is full. Free some space and import the same file again: it goes on where it ended.")
        ) from error


def rules_of(organisation: Organisation, options: dict[str, Any], date_order: str = "") -> Rules:
    return Rules(
        zone=ZoneInfo(options.get("time_zone") or organisation.time_zone),
        default_kind=Kind(options.get("default_kind", Kind.OTHER)),
        default_verb=options.get("default_verb", ""),
        default_unit=options.get("default_unit", ""),
        default_value=str(options.get("default_value", "")),
        default_course=options.get("default_course", ""),
        default_at=options.get("default_at", ""),
        full_mark=float(options["full_mark"]) if "full_mark" in options else None,
        steps_off=frozenset(options.get("steps_off", ())),
        now=timezone.now(),
        date_order=date_order,
    )


@dataclass
class _Run:
    import_: Import
    source: Format
    lease: Lease
    tried: dry_run.Tried = field(default_factory=dry_run.Tried)

    def cleaned_batches(self, rules: Rules) -> Iterator[tuple[Batch, Cleaned]]:
        """Made in a thread of its own, so nothing here may ask the database."""
        for batch in self.source.batches(self.import_.checkpoint.get("position", {})):
            yield batch, WAYS[batch.target].clean(batch, rules)

    def commit(self, batch: Batch, cleaned: Cleaned) -> None:
        """Everything that a batch changes, in one transaction; in a dry run only what the import's page shows."""
        if "at" in cleaned.rows.column_names:
            ensure_months(load.days_of(cleaned.rows))
        with transaction.atomic():
            commit_without_waiting()
            rows, repeated = self._untried(cleaned.rows)
            with transaction.atomic():
                for target, earlier in self.tried.before(batch.target):
                    self._load(target, earlier)
                loaded = [*repeated, *self._load(batch.target, rows)]
                if self.import_.is_dry_run:
                    transaction.set_rollback(True)
                    self.tried.add(batch.target, rows)
            found = ledger.counted(batch, cleaned, loaded)
            checkpoint = self._checkpoint(batch, cleaned, loaded)
            fields = {
                **(Counts.of(self.import_) + found).fields(),
                "checkpoint": checkpoint,
                "progress_share": batch.share,
                "progress_text": _("%(file)s: %(n)s rows read")
                % {"file": batch.file_name, "n": f"{self.import_.n_read + found.read:,}"},
            }
            self.lease.confirm(**fields)
        for name, value in fields.items():
            setattr(self.import_, name, value)

    def _untried(self, rows: pa.Table) -> tuple[pa.Table, list[Mark]]:
        """In a dry run, the rows without those whose id an earlier batch had, and the marks on these."""
        is_asked = self.import_.is_dry_run and "merge_duplicates" not in self.import_.options.get("steps_off", ())
        return dry_run.known_ids(rows) if is_asked else (rows, [])

    def _load(self, target: Target, rows: pa.Table) -> list[Mark]:
        to = Place(
            self.import_.organisation_id,
            self.import_.pk,
            self.source.implies_enrolment,
            self.source.makes_courses,
            self.import_.options.get("default_kind", Kind.OTHER.value),
            frozenset(self.import_.options.get("steps_off", ())),
        )
        marks = WAYS[target].load(to, rows) if rows.num_rows else []
        return [mark for mark in marks if len(mark.places)]

    def _checkpoint(self, batch: Batch, cleaned: Cleaned, loaded: list[Mark]) -> dict[str, Any]:
        """Write the verdicts that still may be kept; where to go on and what to remember until then."""
        before = self.import_.checkpoint
        marks = [*cleaned.marks, *loaded]
        room = settings.NEURALINK_VERDICTS_KEPT - before.get("n_verdicts", 0)
        kept = list(islice(ledger.lines(batch, marks), max(room, 0)))
        ledger.keep(self.import_, batch.file_name, kept)
        rejected = {row.code for row in batch.broken} | {m.code for m in marks if m.verdict == Verdict.REJECTED}
        return {
            "position": batch.position,
            "n_verdicts": before.get("n_verdicts", 0) + len(kept),
            "rejected_codes": sorted(rejected.union(before.get("rejected_codes", []))),
            # Their order, which the verdicts' JSON does not keep.
            "columns": before.get("columns", {}) | {batch.file_name: batch.raw.column_names},
        }


def _recognise(import_: Import, source: Format, lease: Lease) -> None:
    found = fingerprint.fingerprint(import_, source)
    if import_.fingerprint and import_.fingerprint != found:
        raise InvalidInput(
            _("%(source)s changed while it was being imported. Start a new import of it.")
            % {"source": import_.source_name}
        )
    lease.report(import_.progress_share, import_.progress_text, fingerprint=found)
    import_.fingerprint = found


def _finish(import_: Import, source: Format, lease: Lease) -> None:
    if not import_.n_read:
        raise InvalidInput(_("%(source)s has no rows below its header.") % {"source": import_.source_name})
    summary = _("%(read)s rows read: %(accepted)s accepted, %(merged)s merged, %(rejected)s rejected.") % {
        "read": f"{import_.n_read:,}",
        "accepted": f"{import_.n_accepted:,}",
        "merged": f"{import_.n_merged:,}",
        "rejected": f"{import_.n_rejected:,}",
    }
    if import_.n_accepted > settings.NEURALINK_BATCH_ROWS and not import_.is_dry_run:
        load.learn_the_table()
    if source.is_archive and not import_.is_dry_run:
        summary += clock.stop(import_)
    lease.report(1.0, summary)
    import_.progress_text = summary
