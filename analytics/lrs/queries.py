"""What GET statements may ask for (1.0.3 Communication 2.1.3, 2.0.0 section 4.1.6.1)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from analytics.lrs.errors import InvalidParameter, parsing
from analytics.xapi.agents import check_actor, matching_keys
from analytics.xapi.errors import InvalidValue, shown
from analytics.xapi.json_text import dump_json, parse_json
from analytics.xapi.mentions import activity_key
from analytics.xapi.scalars import check_iri, format_instant, parse_timestamp, parse_uuid

FORMATS = ("exact", "ids", "canonical")
SINGLE = ("statementId", "voidedStatementId")
WITH_SINGLE = {*SINGLE, "format", "attachments"}


@dataclass(frozen=True)
class Place:
    """Between two statements, in the order of the store."""

    stored_at: datetime
    row_id: int


@dataclass(frozen=True)
class StatementQuery:
    """The parameters as values; `given` as they came, for the address of the next page."""

    statement_id: UUID | None = None
    voided_statement_id: UUID | None = None
    agent_keys: list[str] | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    related_activities: bool = False
    related_agents: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 0
    format: str = "exact"
    attachments: bool = False
    ascending: bool = False
    after: Place | None = None
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_filtered(self) -> bool:
        """Whether anything but time and number is asked, and so matches through references."""
        return any(value is not None for value in (self.agent_keys, self.verb, self.activity, self.registration))

    @property
    def most(self) -> int:
        """Statements on a page; 0 means as many as the store gives."""
        return min(self.limit or settings.NEURALINK_STATEMENTS_LISTED, settings.NEURALINK_STATEMENTS_LISTED)


def _agent_keys(text: str) -> list[str]:
    agent = parse_json(text, settings.NEURALINK_JSON_LEVELS)
    check_actor(agent)
    keys = matching_keys(agent)
    if not keys:
        raise InvalidValue(
            _("This must be an agent or an identified group; an anonymous group cannot be searched for.")
        )
    return keys


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise InvalidValue(_("This must be true or false, but it is %s.") % shown(text))
    return text == "true"


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidValue(_("This must be a whole number from 0 on, but it is %s.") % shown(text))
    return int(text)


def _format(text: str) -> str:
    if text not in FORMATS:
        raise InvalidValue(_("This must be exact, ids or canonical, but it is %s.") % shown(text))
    return text


def _iri_key(text: str) -> str:
    check_iri(text)
    return activity_key(text)


PARAMETERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "statementId": ("statement_id", parse_uuid),
    "voidedStatementId": ("voided_statement_id", parse_uuid),
    "agent": ("agent_keys", _agent_keys),
    "verb": ("verb", _iri_key),
    "activity": ("activity", _iri_key),
    "registration": ("registration", parse_uuid),
    "related_activities": ("related_activities", _boolean),
    "related_agents": ("related_agents", _boolean),
    "since": ("since", parse_timestamp),
    "until": ("until", parse_timestamp),
    "limit": ("limit", _limit),
    "format": ("format", _format),
    "attachments": ("attachments", _boolean),
    "ascending": ("ascending", _boolean),
}


def read_query(parameters: Mapping[str, str], after: Place | None = None) -> StatementQuery:
    """Raises InvalidParameter if a value does not fit, or stands beside one that it may not stand beside."""
    single = [name for name in SINGLE if name in parameters]
    for name in parameters if single else ():
        if name not in WITH_SINGLE or len(single) > 1:
            raise InvalidParameter(name, _("%(a)s stands alone, without %(b)s.") % {"a": single[0], "b": name})
    values = {}
    for name, text in parameters.items():
        field_name, parse = PARAMETERS[name]
        with parsing(name):
            values[field_name] = parse(text)
    return StatementQuery(**values, after=after, given=dict(parameters))


def token_of(query: StatementQuery, place: Place) -> str:
    """The rest of a result, as the end of an address: what was asked for, and after which statement to go on.

    It is not signed, because there is nothing in it that its bearer could not ask for.
    """
    text = dump_json([query.given, format_instant(place.stored_at), place.row_id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def query_of(token: str) -> StatementQuery:
    """Raises InvalidParameter if the token is not one of `token_of`."""
    try:
        given, stored, row_id = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        place = Place(parse_timestamp(stored), int(row_id))
        if not all(name in PARAMETERS and isinstance(text, str) for name, text in given.items()):
            raise ValueError(token)
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error, InvalidValue):
        raise InvalidParameter("more", _("This address is not one that the store gave as `more`.")) from None
    return read_query(given, place)
