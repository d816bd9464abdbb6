"""Day tables brought up to date: only the dirty days, set-based, a month of them in one transaction.

A refresh first reads which rows of DirtyDay there are, deletes exactly those, and then counts the events of their
days: an event that is committed later brought a row of its own, which stays for the next refresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import DateField, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.aggregates.learner_bits_sql import ALL_ACTIVITY_LEARNERS
from analytics.aggregates.rollup_sql import (
    ALL_TOTALS,
    FRESH,
    REFERENCES,
    ROWS,
    STAGED,
    TOTALS_OF_TOUCHED,
    TOUCHED,
)
from analytics.foreign_keys import unchecked
from analytics.jobs import Lease, wake
from analytics.models import COMPLETING_VERBS, DirtyDay, JobState, RetentionPolicy, RollupRefresh

ROLLUP_LOCK = 7_102
"""Advisory lock, with the organisation's id: two refreshes of one organisation take turns."""
FEW_LEARNERS = 1000
FEW_DAYS = 3
EVERY_LEARNER = date.min
"""Stands among the dirty days for: the totals of all learners are to be added up, when no other day is dirty."""
EVERY_ACTIVITY = date.min + timedelta(days=1)
"""Stands there too, for: events were lost, and the bits of learners of all activities are to be made anew."""
REMEMBERED = timedelta(days=1)
"""How long a refresh that ended well is kept to be seen."""


def mark_dirty(organisation_id: int, days: Iterable[date]) -> None:
    """Say which UTC days' events changed; call it in the transaction that changes them.

    It is taken that events may be gone, not only added.
    """
    DirtyDay.objects.bulk_create([DirtyDay(organisation_id=organisation_id, on=day) for day in sorted(set(days))])


def request_refresh(organisation_id: int) -> RollupRefresh:
    """Have a worker refresh the organisation: the queued refresh, or a new one.

    A refresh that runs already does not count: it may be past its last look at the dirty days. The queued one is
    locked, so that no worker begins with it before the days of this transaction can be seen.
    """
    with transaction.atomic():
        queued = RollupRefresh.objects.select_for_update(no_key=True).filter(
            organisation=organisation_id, state=JobState.QUEUED
        )
        waiting: RollupRefresh | None = queued.first()
        if waiting is not None:
            return waiting
        made = RollupRefresh.objects.create(organisation_id=organisation_id)
        wake(made)
    return made


def forget_old_refreshes() -> None:
    """Delete the rows of refreshes that ended well long ago: live writes make many of them."""
    RollupRefresh.objects.filter(state=JobState.SUCCEEDED, finished_at__lt=timezone.now() - REMEMBERED).delete()


def alone_with(organisation_id: int) -> None:
    """Until this transaction ends, no refresh of the organisation's day tables runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ROLLUP_LOCK, organisation_id])


def refresh(
    organisation_id: int, lease: Lease | None = None, progress: Callable[[float, str], None] = lambda share, text: None
) -> int:
    """Bring the day tables up to date until no day is dirty; how many days that were.

    Raises:
        LeaseLost: another process works on it. What is committed is right in any case.
        JobCancelled: somebody asked for that; the other days stay dirty.
    """
    n_days = 0
    while True:
        with transaction.atomic():
            if lease is not None:
                lease.check()
            taken = _refresh_month(organisation_id)
        if not taken:
            return n_days
        n_days += sum(day > EVERY_ACTIVITY for day in taken)
        n_left = DirtyDay.objects.filter(organisation=organisation_id).values("on").distinct().count()
        share = n_days / max(n_days + n_left, 1)
        text = _("%(done)s of %(all)s days") % {"done": n_days, "all": n_days + n_left}
        progress(share, text)
        if lease is not None:
            lease.report(share, text, n_days=n_days)


def _refresh_month(organisation_id: int) -> list[date]:
    """Refresh the dirty days of the month of the first of them; which those were."""
    with connection.cursor() as cursor:
        # Were the machine to lose power, the days would be dirty again: no need to wait for the disk.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        alone_with(organisation_id)
        taken = _take_month(organisation_id)
        if not taken:
            return []
        values: dict[str, Any] = {
            "organisation": organisation_id,
            "days": taken,
            "start": datetime.combine(taken[0], time(), UTC),
            "end": datetime.combine(taken[-1] + timedelta(days=1), time(), UTC),
            "completing": [verb.value for verb in COMPLETING_VERBS],
        }
        if taken[-1] <= EVERY_ACTIVITY:
            _make_anew(taken, values)
            return taken
        _count_days(values)
        _add_up_learners(organisation_id, values)
    return taken


def _count_days(values: dict[str, Any]) -> None:
    """Few days are those of live writes, which change few rows: locking all that they refer to would cost more."""
    is_much = len(values["days"]) > FEW_DAYS
    with connection.cursor() as cursor:
        for step in (*STAGED, REFERENCES, *FRESH) if is_much else (*STAGED, *FRESH):
            cursor.execute(step, values)
        with unchecked() if is_much else nullcontext():
            for step in ROWS:
                cursor.execute(step, values)


def _make_anew(asked: list[date], values: dict[str, Any]) -> None:
    """What is not kept day by day: totals of learners, and who ever came to an activity."""
    with connection.cursor() as cursor:
        if EVERY_LEARNER in asked:
            cursor.execute(ALL_TOTALS, values)
        if EVERY_ACTIVITY in asked:
            cursor.execute(ALL_ACTIVITY_LEARNERS, values)


def _take_month(organisation_id: int) -> list[date]:
    """Take from the dirty days those of one month; the two that are no days by themselves, after all others."""
    # Days whose events were let go stay as they are: counting them anew would empty what was counted rightly.
    policies = RetentionPolicy.objects.filter(organisation=organisation_id).values("events_from")
    first_kept = Coalesce(Subquery(policies), Value(date.min, DateField()))
    dirty = DirtyDay.objects.filter(organisation=organisation_id).exclude(on__gt=EVERY_ACTIVITY, on__lt=first_kept)
    first = dirty.filter(on__gt=EVERY_ACTIVITY).order_by("on").values_list("on", flat=True).first()
    if first is not None:
        following = (first.replace(day=1) + timedelta(days=31)).replace(day=1)
        dirty = dirty.filter(on__gt=EVERY_ACTIVITY, on__lt=following)
    taken = list(dirty.values_list("id", "on", "lost_events"))
    DirtyDay.objects.filter(id__in=[pk for pk, _on, _lost in taken]).delete()
    if first is not None and any(lost for _pk, _on, lost in taken):
        mark_dirty(organisation_id, [EVERY_ACTIVITY])
    return sorted({on for _pk, on, _lost in taken})


def _add_up_learners(organisation_id: int, values: dict[str, Any]) -> None:
    """Add up the learners whose days changed: now if they are few, else once for all after the last month."""
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED, {"most": FEW_LEARNERS + 1})
        touched = [learner for (learner,) in cursor.fetchall()]
        if len(touched) > FEW_LEARNERS:
            mark_dirty(organisation_id, [EVERY_LEARNER])
        else:
            cursor.execute(TOTALS_OF_TOUCHED, values | {"touched": touched})
