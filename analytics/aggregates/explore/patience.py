"""No page waits for a question that reads years of every learner: it is counted beside, and its answer kept.

What is counted within a page's patience is shown at once. Everything else goes on in a thread of the web process, whose
work is the database's; the reader's page asks again until it is there. An answer that took long is kept in the database
for a day, where all processes find it. After something changed it is shown as what it is, an earlier count, and
counted anew; so that a busy organisation's readers do not wait either. How large an organisation is decides how long
its readers wait for a question that nobody asked before, not how long a page takes.
"""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from analytics.aggregates.explore.cells import Counted, Rows, counted, rows_of
from analytics.aggregates.explore.question import Question
from analytics.aggregates.explore.sources import BIT_DAYS, COURSE_TOTALS, LEARNER_DAYS, PART_DAYS, source_of
from analytics.models import ExploredAnswer, JobState, RollupRefresh

PAGE_SECONDS = 0.05
"""The patience of a page or fragment."""
LARGE = {BIT_DAYS, LEARNER_DAYS, COURSE_TOTALS, PART_DAYS}
SLOW_SECONDS = 0.05
"""What takes longer is kept."""
TRUE_SECONDS = 600
"""How long a kept answer is true while no import, merge or erasure tells of a change; edits by the admin tell none."""
KEPT = timedelta(days=1)
AT_ONCE = 2
"""Questions that one process has counted at a time; others wait, so that the database has breath for pages."""
MOST_WAITING = 50
DATES = {"day", "week", "month", "start"}
LONGEST = "30min"
"""A statement that takes longer is ended."""


class StillCounting(Exception):
    """The answer is not there yet; whoever asks again later will have it."""


@dataclass(frozen=True)
class _Asked:
    question: Question
    key: str
    version: str
    """Of the day tables."""

    @classmethod
    def of(cls, question: Question) -> _Asked:
        begun = RollupRefresh.objects.exclude(state=JobState.QUEUED)
        latest = begun.filter(organisation=question.organisation).order_by("-pk")
        said = (question.course_ids, question.parameters(chart=""), question.period, settings.NEURALINK_SMALL_CELL)
        version = "/".join(map(str, latest.values_list("pk", "state").first() or ()))
        return cls(question, hashlib.sha256(repr(said).encode()).hexdigest(), version)

    def kept(self) -> ExploredAnswer | None:
        recent = ExploredAnswer.objects.filter(counted_at__gt=timezone.now() - KEPT)
        return recent.filter(organisation=self.question.organisation, key=self.key).first()

    def is_true(self, kept: ExploredAnswer | None) -> bool:
        since = timezone.now() - timedelta(seconds=TRUE_SECONDS)
        return kept is not None and kept.version == self.version and kept.counted_at > since


def cells_of(question: Question, patience_seconds: float | None) -> Counted:
    """The cells, perhaps those of an earlier count, which then says so.

    Raises:
        StillCounting: there are none yet. None waits for as long as it takes, and answers with what is true now.
    """
    if source_of(question) not in LARGE:
        return counted(question, rows_of(question))
    asked = _Asked.of(question)
    kept = asked.kept()
    if kept is not None and asked.is_true(kept):
        return counted(question, _read(question, kept.rows))
    # What this transaction wrote, no other connection sees.
    if patience_seconds is None or connection.in_atomic_block:
        return counted(question, _count(asked))
    rows = _within(asked, patience_seconds)
    if rows is not None:
        return counted(question, rows)
    if kept is None:
        raise StillCounting
    return counted(question, _read(question, kept.rows), kept.counted_at)


_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="explore")
_COUNTING: dict[tuple[int, str], Future[Rows | None]] = {}
_GUARD = Lock()


def _within(asked: _Asked, seconds: float) -> Rows | None:
    """The rows if they are counted in that time; None where they are counted on, here or elsewhere."""
    place = (asked.question.organisation.pk, asked.key)
    with _GUARD:
        future = _COUNTING.get(place)
        if future is None:
            if len(_COUNTING) >= MOST_WAITING:
                return None
            future = _COUNTING[place] = _THREADS.submit(_count_alone, asked)
            future.add_done_callback(lambda _done: _COUNTING.pop(place, None))
    try:
        return future.result(seconds)
    except NotYet:
        return None


def _count_alone(asked: _Asked) -> Rows | None:
    """Count, unless another process does so already."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number(asked)])
            if not cursor.fetchone()[0]:
                return None
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [LONGEST])
            kept = asked.kept()
            return _read(asked.question, kept.rows) if kept and asked.is_true(kept) else _count(asked)
    finally:
        connection.close()  # this thread's own, which may idle for hours


def _number(asked: _Asked) -> int:
    """Of the advisory lock."""
    return int(asked.key[:15], 16) ^ asked.question.organisation.pk


def _count(asked: _Asked) -> Rows:
    """Count, and keep what took long."""
    begun = time.perf_counter()
    rows = rows_of(asked.question)
    if time.perf_counter() - begun > SLOW_SECONDS:
        _keep(asked, rows)
    return rows


def _keep(asked: _Asked, rows: Rows) -> None:
    organisation = asked.question.organisation
    ExploredAnswer.objects.filter(organisation=organisation, counted_at__lt=timezone.now() - KEPT).delete()
    plain = [[_plain(key), _plain(split), *told] for key, split, *told in rows]
    values = {"version": asked.version, "counted_at": timezone.now(), "rows": plain}
    ExploredAnswer.objects.update_or_create(organisation=organisation, key=asked.key, defaults=values)


def _plain(key: object) -> object:
    return key.isoformat() if isinstance(key, date) else key


def _read(question: Question, kept: Rows) -> Rows:
    """Rows as the database tells them, of what JSON holds of them."""
    dates = [name in DATES for name in (question.by, question.split)]

    def key(is_date: bool, text: object) -> object:
        return date.fromisoformat(text) if is_date and isinstance(text, str) else text

    return [[key(dates[0], row[0]), key(dates[1], row[1]), *row[2:]] for row in kept]
