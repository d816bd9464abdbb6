"""What events refer to, locked once for each of it, instead of looked up once for each of a million events.

A load knows its few thousand learners and activities beforehand, so it locks exactly those, in the same way as the
triggers of foreign keys would, and inserts with the triggers off.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import connection

from analytics.foreign_keys import unchecked

KEPT = """
WITH organisation AS (
    SELECT id FROM analytics_organisation WHERE id = %(organisation)s FOR KEY SHARE
), source AS (
    SELECT id FROM analytics_import WHERE id = %(import)s FOR KEY SHARE
), learner AS (
    SELECT id FROM analytics_learner
    WHERE organisation_id = %(organisation)s AND external_id IN (SELECT learner FROM staged_event) FOR KEY SHARE
), activity AS (
    SELECT id FROM analytics_activity
    WHERE organisation_id = %(organisation)s AND external_id IN (SELECT activity FROM staged_event) FOR KEY SHARE
)
SELECT (SELECT count(*) FROM organisation), (SELECT count(*) FROM source),
       (SELECT count(*) FROM learner), (SELECT count(*) FROM activity)
"""


@contextlib.contextmanager
def kept(organisation_id: int, import_id: int) -> Iterator[None]:
    """Inside the block nothing that the staged events refer to can be deleted, and no trigger looks it up again.

    The events that are inserted must take their references from joins on those very rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"organisation": organisation_id, "import": import_id})
    with unchecked():
        yield
