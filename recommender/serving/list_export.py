"""Files with the lists of all learners: written block by block, renamed into place when whole, old ones removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.csv
from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import Activity, InvalidInput, Learner, Lease, Member, Organisation, wake
from recommender.models import ListExport, ListFormat, Promotion, TargetKind
from recommender.registry import versions
from recommender.serving.everyone import Frame, Listed, frame_of, lists_of

SCHEMA = pa.schema(
    [
        ("learner", pa.string()),
        ("rank", pa.int32()),
        ("activity", pa.string()),
        ("name", pa.string()),
        ("strength", pa.float32()),
        ("source", pa.string()),
        ("version", pa.int32()),
        ("fallback", pa.string()),
    ]
)
"""Ids are external; `version` is empty where a fallback answered, and `fallback` where a version did."""
_ROWS = 50_000


def start_export(
    organisation: Organisation,
    *,
    kind: str = TargetKind.ANY,
    file_format: str = ListFormat.CSV,
    n_each: int = 10,
    requested_by: Member | None = None,
    is_nightly: bool = False,
    wakes_worker: bool = True,
) -> ListExport:
    """Queue a file; the one that is not finished yet, if there is one of this kind and format.

    Raises:
        InvalidInput: `pointer` names the parameter at fault.
    """
    if requested_by is not None and requested_by.organisation_id != organisation.pk:
        raise InvalidInput(_("%(member)s is not a member of this organisation.") % {"member": requested_by})
    if not 1 <= n_each <= 100:
        raise InvalidInput(_("n_each must be from 1 to 100; got %(got)s.") % {"got": n_each}, "n_each")
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        same = ListExport.objects.filter(organisation=organisation, kind=kind, format=file_format)
        unfinished: ListExport | None = same.unfinished().filter(n_each=n_each).first()
        if unfinished is not None:
            return unfinished
        export = ListExport.objects.create(
            organisation=organisation,
            kind=kind,
            format=file_format,
            n_each=n_each,
            requested_by=requested_by,
            is_nightly=is_nightly,
            woken_at=None if wakes_worker else timezone.now(),
        )
        if wakes_worker:
            wake(export)
    return export


def export_lists(lease: Lease) -> None:
    """Write the file that the lease is held for.

    Raises:
        JobCancelled, LeaseLost: nothing is left of the file.
    """
    export = cast("ListExport", lease.job)
    organisation = export.organisation
    path = path_of(export)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{lease.job.lease_token}.part")
    lease.report(0.0, _("reading what is open"))
    frame = frame_of(organisation, kind=export.kind, limit=export.n_each)
    try:
        n_learners, n_rows = _write(part, frame, export, lease)
        with transaction.atomic():
            facts: dict[str, Any] = {"n_learners": n_learners, "n_rows": n_rows, "n_bytes": part.stat().st_size}
            lease.confirm(file=str(path.relative_to(versions.data_folder())), progress_text=_("written"), **facts)
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    remove_old(organisation)


def path_of(export: ListExport) -> Path:
    name = f"{export.pk}-{export.created_at:%Y-%m-%d}-{export.kind}.{export.format}"
    return versions.data_folder() / "lists" / export.organisation.slug / name


def queue_due_exports() -> int:
    """Queue the night's files of organisations where a model is in use; how many those were.

    Due is an organisation after NEURALINK_LISTS_HOUR of its own zone, when it had none yet this day.
    """
    if settings.NEURALINK_LISTS_HOUR < 0:
        return 0
    in_use = Promotion.objects.filter(kind=TargetKind.ANY).values("organisation_id")
    due = [each for each in Organisation.objects.filter(id__in=in_use).order_by("id") if _is_due(each)]
    for organisation in due:
        start_export(organisation, file_format=settings.NEURALINK_LISTS_FORMAT, is_nightly=True)
    return len(due)


def remove_old(organisation: Organisation) -> None:
    """Files older than NEURALINK_LISTS_DAYS; their rows stay."""
    before = timezone.now() - timedelta(days=settings.NEURALINK_LISTS_DAYS)
    for old in ListExport.objects.filter(organisation=organisation, created_at__lt=before).exclude(file=""):
        path_of(old).unlink(missing_ok=True)
        ListExport.objects.filter(pk=old.pk).update(file="")


def _is_due(organisation: Organisation) -> bool:
    here = timezone.now().astimezone(ZoneInfo(organisation.time_zone))
    if here.hour < settings.NEURALINK_LISTS_HOUR:
        return False
    night = here.replace(hour=0, minute=0, second=0, microsecond=0)
    return not ListExport.objects.filter(organisation=organisation, is_nightly=True, created_at__gte=night).exists()


def _write(part: Path, frame: Frame, export: ListExport, lease: Lease) -> tuple[int, int]:
    learners = learners_of(export.organisation)
    named = Activity.objects.filter(organisation=export.organisation).values_list("pk", "external_id", "name")
    names = {pk: (external_id, name) for pk, external_id, name in named.iterator()}
    n_rows = 0
    writer = (pa.csv.CSVWriter if export.format == ListFormat.CSV else pa.parquet.ParquetWriter)(str(part), SCHEMA)
    with writer:
        for batch in _batches(lists_of(frame, list(learners), _told(lease, len(learners))), learners, names):
            writer.write_batch(batch)
            n_rows += batch.num_rows
    return len(learners), n_rows


def learners_of(organisation: Organisation) -> dict[int, str]:
    """External ids by id, those of the same courses next to each other: a block of them has little to choose from."""
    courses = ArrayAgg("enrolments__course_id", distinct=True, order_by="enrolments__course_id")
    rows = Learner.objects.filter(organisation=organisation).annotate(of_courses=courses).order_by("of_courses", "id")
    return dict(rows.values_list("pk", "external_id"))


def _told(lease: Lease, n_learners: int) -> Any:
    def tell(n_done: int) -> None:
        facts = {"done": n_done, "all": n_learners}
        lease.report(n_done / max(1, n_learners), _("%(done)d of %(all)d learners") % facts)

    return tell


def _batches(
    lists: Iterator[Listed], learners: dict[int, str], names: dict[int, tuple[str, str]]
) -> Iterator[pa.RecordBatch]:
    columns: list[list[Any]] = [[] for _field in SCHEMA]
    for found in lists:
        _append(columns, found, learners, names)
        if len(columns[0]) >= _ROWS:
            yield _batch(columns)
            columns = [[] for _field in SCHEMA]
    yield _batch(columns)


def _batch(columns: list[list[Any]]) -> pa.RecordBatch:
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _append(
    columns: list[list[Any]], found: Listed, learners: dict[int, str], names: dict[int, tuple[str, str]]
) -> None:
    learner = found.situation.learner
    if learner is None:
        return
    there = [place for place, pk in enumerate(found.ids) if pk in names]
    n = len(there)
    number = found.model.version.number if found.model else None
    rows: list[list[Any]] = [
        [learners[learner.pk]] * n,
        list(range(1, n + 1)),
        [names[found.ids[place]][0] for place in there],
        [names[found.ids[place]][1] for place in there],
        [found.strengths[place] for place in there],
        [found.sources[place] for place in there],
        [number] * n,
        [found.fallback] * n,
    ]
    for column, values in zip(columns, rows, strict=True):
        column.extend(values)
