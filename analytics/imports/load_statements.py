"""Load: statements into the store. What they mean is the projector's work, as with those that tools send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.imports.formats.xapi import version_of
from analytics.imports.marks import Mark, on_places, places_of
from analytics.imports.place import Place
from analytics.lrs.parcels import Parcel, Prepared, prepared
from analytics.lrs.store import Source, store
from analytics.models import Statement, Verdict
from analytics.xapi.sameness import are_same


def load_statements(to: Place, rows: pa.Table) -> list[Mark]:
    """Store (n,) checked statements; marks on those that are here already, or differ from what is here."""
    authority = {
        "objectType": "Agent",
        "account": {"homePage": settings.NEURALINK_PUBLIC_URL, "name": f"import-{to.import_id}"},
    }
    now = timezone.now()
    given = [json.loads(document) for document in rows["document"].to_pylist()]
    statements = [prepared(one, version_of(one), one.get("authority", authority), now) for one in given]
    new, repeated, known, other = _sorted(
        to.organisation_id, dict(zip(places_of(rows).tolist(), statements, strict=True))
    )
    store(Parcel(new, {}), Source(to.organisation_id, import_id=to.import_id))
    return [
        on_places(repeated, Verdict.MERGED, "repeated_id", _("The id came earlier in the same file.")),
        on_places(known, Verdict.MERGED, "known_id", _("The statement had come already.")),
        on_places(other, Verdict.REJECTED, "id_taken", _("Another statement has the same id; it cannot be changed.")),
    ]


def _sorted(
    organisation_id: int, statements: Mapping[int, Prepared]
) -> tuple[Sequence[Prepared], list[int], list[int], list[int]]:
    """What is new; and the places of what came earlier in the batch, is here already, or has the id of another."""
    here = Statement.objects.filter(organisation=organisation_id, uuid__in=[one.uuid for one in statements.values()])
    documents: dict[Any, str] = dict(here.values_list("uuid", "document"))
    new: dict[Any, Prepared] = {}
    repeated: list[int] = []
    known: list[int] = []
    other: list[int] = []
    for place, one in statements.items():
        there = new[one.uuid].document if one.uuid in new else documents.get(one.uuid)
        if there is None:
            new[one.uuid] = one
        elif not are_same(json.loads(there), json.loads(one.document)):
            other.append(place)
        else:
            (repeated if one.uuid in new else known).append(place)
    return list(new.values()), repeated, known, other
