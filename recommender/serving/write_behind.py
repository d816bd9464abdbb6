"""Impressions that are kept a moment after they were told, many in one statement (write-behind).

An insert of its own takes an answer an eighth of its processor time, so a process collects what it shows and writes it
NEURALINK_KEEP_MS later. What is waiting when a process is killed is forgotten; one that ends writes it first. A token
tells when it was made: whoever comes with one that is not there yet waits for that moment (`settle`).
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import secrets
import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import Error, close_old_connections, connection

from recommender.models import Impression

logger = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""While more wait, because the database does not answer, answers write them themselves, and fail as it does."""
MAX_TOGETHER = 1000
"""Impressions of one statement."""
RETRY_SECONDS = 1.0

# Whose learner is gone since is left out, as it would be gone had it been written at once. What was written already, by
# a statement whose answer got lost, stays as it is. Nobody waits for the disk: a database that is killed forgets the
# last half second of this, and syncing for each batch would take the cores from answers. Within somebody's transaction
# nothing is changed.
_KEEP = """
    INSERT INTO recommender_impression
        (token, organisation_id, learner_id, version_id, source, channel, activity_ids, n_met, at)
    SELECT shown.token, shown.organisation_id, learner.id, version.id, shown.source, shown.channel,
           shown.activity_ids::bigint[], shown.n_met, shown.at
    FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::integer[],
                %s::timestamptz[])
        AS shown (token, organisation_id, learner_id, version_id, source, channel, activity_ids, n_met, at)
    JOIN analytics_learner learner
        ON learner.id = shown.learner_id AND learner.organisation_id = shown.organisation_id
    LEFT JOIN recommender_version version ON version.id = shown.version_id
    CROSS JOIN set_config('synchronous_commit', CASE WHEN %s THEN 'off' ELSE current_setting('synchronous_commit') END,
                          true)
    ORDER BY shown.at
    ON CONFLICT (token) DO NOTHING
"""


class Shown(NamedTuple):
    """An impression before it is kept."""

    token: str
    organisation_id: int
    learner_id: int
    version_id: int | None
    source: str
    channel: str
    activity_ids: str  # as an array in the database's words: "{3,1,2}"
    n_met: int
    at: datetime


def keep(*shown: Shown) -> None:
    """Now within somebody's transaction or where NEURALINK_KEEP_MS is 0, else soon."""
    if connection.in_atomic_block or not settings.NEURALINK_KEEP_MS:
        _write(shown)
        return
    _waiting.extend(shown)
    if len(_waiting) > MAX_WAITING:
        flush()
    elif not _wanted.is_set():
        _begin()
        _wanted.set()


def flush() -> None:
    """Write all that waits.

    Raises:
        Error: the database did not take it; it waits on.
    """
    with _writing:
        while _waiting:
            together = [_waiting.popleft() for _one in range(min(len(_waiting), MAX_TOGETHER))]
            try:
                _write(together)
            except BaseException:
                _waiting.extendleft(reversed(together))
                raise


def new_token() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562, section 5.7): milliseconds since 1970 UTC, then 74 random bits."""
    random = secrets.randbits(74)
    head = (time.time_ns() // 1_000_000) << 80 | 7 << 76 | (random >> 62) << 64
    return uuid.UUID(int=head | 0b10 << 62 | random & ((1 << 62) - 1))


def settle(token: uuid.UUID) -> None:
    """Wait until the impression is there, if the token is so young that some process may still have to write it."""
    longest = 4 * settings.NEURALINK_KEEP_MS / 1000
    ends_at = (token.int >> 80) / 1000 + longest if token.version == 7 else 0.0
    while 0 < ends_at - time.time() <= longest and not Impression.objects.filter(token=token).exists():
        time.sleep(longest / 16)


def _write(together: Sequence[Shown]) -> None:
    if not together:
        return
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*together, strict=True)]
        cursor.execute(_KEEP, [*columns, not connection.in_atomic_block])


_waiting: deque[Shown] = deque()
_wanted = threading.Event()
_writing, _starting = threading.Lock(), threading.Lock()
_writers: list[threading.Thread] = []  # one, once something waits; none in a process that was just forked


def _begin() -> None:
    with _starting:
        if not _writers or not _writers[0].is_alive():
            if not _writers:
                atexit.register(_end)
            _writers[:] = [threading.Thread(target=_write_on, name="write-behind", daemon=True)]
            _writers[0].start()


def _write_on() -> None:
    while True:
        _wanted.wait()
        time.sleep(settings.NEURALINK_KEEP_MS / 1000)
        _write_waiting()


def _write_waiting() -> None:
    _wanted.clear()
    try:
        close_old_connections()
        flush()
    except Error:
        logger.exception("%d impressions are not kept yet: tried again.", len(_waiting))
        connection.close()
        time.sleep(RETRY_SECONDS)
        _wanted.set()


def _end() -> None:
    with contextlib.suppress(Error):
        flush()
