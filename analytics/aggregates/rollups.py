"""Day tables brought up to date: only the dirty days, set-based, a month of them in one transaction.

A refresh first reads which rows of DirtyDay there are, deletes exactly those, and then counts the events of their
days: an event that is committed later brought a row of its own, which stays for the next refresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import DateField, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.aggregates.learner_bits_sql import ALL_ACTIVITY_LEARNERS, THEIR_ACTIVITY_LEARNERS
from analytics.aggregates.rollup_sql import (
    ALL_TOTALS,
    FRESH,
    GONE_ACTIVITIES,
    GONE_LEARNERS,
    LOCKED_ORGANISATION,
    ROWS,
    STAGED,
    TOTALS_OF_TOUCHED,
    TOUCHED,
    WITHOUT_GONE,
)
from analytics.aggregates.spread_sql import LOCKED_COURSES, SPREADS, spans_of
from analytics.foreign_keys import unchecked
from analytics.jobs import Lease, commit_without_waiting, wake
from analytics.models import COMPLETING_VERBS, DirtyDay, ExploredAnswer, JobState, RetentionPolicy, RollupRefresh

ROLLUP_LOCK = 7_102
"""Advisory lock, with the organisation's id: two refreshes of one organisation take turns."""
WORK_MEM = "128MB"
"""A month of ten million events in a year makes a million groups: hashed in memory instead of in files."""
LARGE = "SELECT set_config('work_mem', %(work_mem)s, true), set_config('jit', 'off', true)"
FEW_LEARNERS = 1000
FEW_DAYS = 3
EVERY_LEARNER = date.min
"""Stands among the dirty days for: the totals of all learners are to be added up, when no other day is dirty."""
EVERY_ACTIVITY = date.min + timedelta(days=1)
"""Stands there too, for: events were lost, and the bits of learners of their activities are to be made anew."""
REMEMBERED = timedelta(days=1)
"""How long a refresh that ended well is kept to be seen."""


def mark_dirty(organisation_id: int, days: Iterable[date], activities: Iterable[int] | None = None) -> None:
    """Say which UTC days' events changed; call it in the transaction that changes them.

    It is taken that events may be gone, not only added: of the `activities`, or of any where these are not known.
    """
    lost = None if activities is None else sorted(set(activities))
    DirtyDay.objects.bulk_create(
        [DirtyDay(organisation_id=organisation_id, on=day, lost_activities=lost) for day in sorted(set(days))]
    )


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
            if lease is None:  # no row of a refresh tells that the tables are others now
                ExploredAnswer.objects.filter(organisation=organisation_id).delete()
            return n_days
        n_days += sum(day > EVERY_ACTIVITY for day in taken)
        n_left = DirtyDay.objects.filter(organisation=organisation_id).values("on").distinct().count()
        share = n_days / max(n_days + n_left, 1)
        text = _("%(done)s of %(all)s days") % {"done": n_days, "all": n_days + n_left}
        progress(share, text)
        if lease is not None:
            lease.report(share, text, n_days=n_days)


@dataclass(frozen=True)
class _Taken:
    """Dirty days of one month."""

    days: list[date]
    lost_activities: list[int] | None
    """Of which activities events are gone; None: of any."""


def _refresh_month(organisation_id: int) -> list[date]:
    """Refresh the dirty days of the month of the first of them; which those were."""
    # Were the machine to lose power, the days would be dirty again.
    commit_without_waiting()
    alone_with(organisation_id)
    taken = _take_month(organisation_id)
    if not (days := taken.days):
        return []
    values: dict[str, Any] = {
        "organisation": organisation_id,
        "days": days,
        "start": datetime.combine(days[0], time(), UTC),
        "end": datetime.combine(days[-1] + timedelta(days=1), time(), UTC),
        "completing": [verb.value for verb in COMPLETING_VERBS],
    }
    _run([LARGE], {"work_mem": WORK_MEM})
    if days[-1] <= EVERY_ACTIVITY:
        _make_anew(taken, values)
        return days
    _count_days(values)
    _spread(values)
    _add_up_learners(organisation_id, values)
    return days


def _count_days(values: dict[str, Any]) -> None:
    """Few days are those of live writes, which change few rows: locking all that they refer to would cost more."""
    is_much = len(values["days"]) > FEW_DAYS
    _run(STAGED, values)
    _run(FRESH, values)
    if is_much:
        _lock_references(values)
    with unchecked() if is_much else nullcontext():
        _run(ROWS, values)


def _spread(values: dict[str, Any]) -> None:
    """Work out anew how the weeks and months of the days are spread over learners."""
    _run([LOCKED_COURSES], values)
    for span in spans_of(values["days"]):
        _run([SPREADS], values | span)


def _lock_references(values: dict[str, Any]) -> None:
    """Lock what the fresh rows refer to; they are made anew without what was deleted meanwhile."""
    _run([LOCKED_ORGANISATION], values)
    while True:
        gone = {"gone_learners": _ids(GONE_LEARNERS), "gone_activities": _ids(GONE_ACTIVITIES)}
        if not any(gone.values()):
            return
        _run([WITHOUT_GONE, *FRESH], values | gone)


def _run(steps: Iterable[str], values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for step in steps:
            cursor.execute(step, values)


def _ids(sql: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [number for (number,) in cursor.fetchall()]


def _make_anew(asked: _Taken, values: dict[str, Any]) -> None:
    """What is not kept day by day: totals of learners, and who ever came to an activity."""
    if EVERY_LEARNER in asked.days:
        _run([ALL_TOTALS], values)
    if EVERY_ACTIVITY in asked.days and asked.lost_activities is None:
        _run([ALL_ACTIVITY_LEARNERS], values)
    elif EVERY_ACTIVITY in asked.days:
        _run([THEIR_ACTIVITY_LEARNERS], values | {"activities": asked.lost_activities})


def _take_month(organisation_id: int) -> _Taken:
    """Take from the dirty days those of one month; the two that are no days by themselves, after all others."""
    # Days whose events were let go stay as they are: counting them anew would empty what was counted rightly.
    policies = RetentionPolicy.objects.filter(organisation=organisation_id).values("events_from")
    first_kept = Coalesce(Subquery(policies), Value(date.min, DateField()))
    dirty = DirtyDay.objects.filter(organisation=organisation_id).exclude(on__gt=EVERY_ACTIVITY, on__lt=first_kept)
    first = dirty.filter(on__gt=EVERY_ACTIVITY).order_by("on").values_list("on", flat=True).first()
    if first is not None:
        following = (first.replace(day=1) + timedelta(days=31)).replace(day=1)
        dirty = dirty.filter(on__gt=EVERY_ACTIVITY, on__lt=following)
    taken = list(dirty)
    DirtyDay.objects.filter(id__in=[row.pk for row in taken]).delete()
    losing = [row for row in taken if row.lost_events and row.on != EVERY_LEARNER]
    activities = _activities_of(losing)
    if first is not None and losing:
        mark_dirty(organisation_id, [EVERY_ACTIVITY], activities)
    return _Taken(sorted({row.on for row in taken}), activities)


def _activities_of(losing: list[DirtyDay]) -> list[int] | None:
    """Of which activities the events are gone; None where one of the days does not say so."""
    named = [row.lost_activities for row in losing]
    return None if None in named else sorted({activity for each in named for activity in each or ()})


def _add_up_learners(organisation_id: int, values: dict[str, Any]) -> None:
    """Add up the learners whose days changed: now if they are few, else once for all after the last month."""
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED, {"most": FEW_LEARNERS + 1})
        touched = [learner for (learner,) in cursor.fetchall()]
        if len(touched) > FEW_LEARNERS:
            mark_dirty(organisation_id, [EVERY_LEARNER])
        else:
            cursor.execute(TOTALS_OF_TOUCHED, values | {"touched": touched})
