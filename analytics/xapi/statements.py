"""A statement: actor did verb on object, checked property by property.

1.0.3 Data 2.4 (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#24-statement-properties),
2.0.0 section 4.2.
"""

from __future__ import annotations

import re
from typing import Any

from analytics.xapi.activities import check_activity, check_extensions
from analytics.xapi.agents import check_actor, check_agent, check_group
from analytics.xapi.errors import InvalidValue, shown
from analytics.xapi.scalars import (
    check_duration,
    check_iri,
    check_language_map,
    check_language_tag,
    check_media_type,
    check_sha2,
    check_text,
    check_timestamp,
    check_uuid,
)
from analytics.xapi.shapes import (
    Table,
    array_of,
    check_array,
    check_boolean,
    check_number,
    check_object,
    check_whole_number,
    object_of,
    one_of,
)

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
ONE, TWO = "1.0.3", "2.0.0"
_VERSION = {ONE: re.compile(r"1\.0(\.\d+)?"), TWO: re.compile(r"[12]\.0(\.\d+)?")}
_SCORE = {"scaled": check_number, "raw": check_number, "min": check_number, "max": check_number}


def check_score(value: Any) -> None:
    """1.0.3 Data 2.4.5.1: scaled from -1 to 1, raw from min to max."""
    check_object(value, _SCORE)
    if not -1 <= value.get("scaled", 0) <= 1:
        raise InvalidValue(f"This must be from -1 to 1, but it is {value['scaled']}.", "scaled")
    least, most, raw = value.get("min"), value.get("max"), value.get("raw")
    if least is not None and most is not None and least >= most:
        raise InvalidValue(f"This must be less than max, {most}, but it is {least}.", "min")
    if raw is not None and least is not None and raw < least:
        raise InvalidValue(f"This must not be less than min, {least}, but it is {raw}.", "raw")
    if raw is not None and most is not None and raw > most:
        raise InvalidValue(f"This must not be more than max, {most}, but it is {raw}.", "raw")


check_statement_ref = object_of({"objectType": one_of("StatementRef"), "id": check_uuid}, "objectType", "id")
_RESULT = {
    "score": check_score,
    "success": check_boolean,
    "completion": check_boolean,
    "response": check_text,
    "duration": check_duration,
    "extensions": check_extensions,
}
_VERB = {"id": check_iri, "display": check_language_map}
_ATTACHMENT = {
    "usageType": check_iri,
    "display": check_language_map,
    "description": check_language_map,
    "contentType": check_media_type,
    "length": check_whole_number,
    "sha2": check_sha2,
    "fileUrl": check_iri,
}
check_result = object_of(_RESULT)
check_verb = object_of(_VERB, "id")
check_attachment = object_of(_ATTACHMENT, "usageType", "display", "contentType", "length", "sha2")


def _check_context_activities(value: Any) -> None:
    """1.0.3 Data 2.4.6.2: one activity, or an array of them, under each name."""
    if isinstance(value, list):
        check_array(value, check_activity)
    else:
        check_activity(value)


def _check_relevant_types(value: Any) -> None:
    check_array(value, check_iri)
    if not value:
        raise InvalidValue("This array must not be empty; leave it out where nothing is relevant.")


_CONTEXT: Table = {
    "registration": check_uuid,
    "instructor": check_actor,
    "team": check_group,
    "contextActivities": object_of(
        dict.fromkeys(("parent", "grouping", "category", "other"), _check_context_activities)
    ),
    "revision": check_text,
    "platform": check_text,
    "language": check_language_tag,
    "statement": check_statement_ref,
    "extensions": check_extensions,
}
_CONTEXT_AGENT = {"objectType": one_of("contextAgent"), "agent": check_agent, "relevantTypes": _check_relevant_types}
_CONTEXT_GROUP = {"objectType": one_of("contextGroup"), "group": check_group, "relevantTypes": _check_relevant_types}
# 2.0.0 section 4.2.2.5: new in it.
_CONTEXT_OF_TWO = {
    **_CONTEXT,
    "contextAgents": array_of(object_of(_CONTEXT_AGENT, "objectType", "agent")),
    "contextGroups": array_of(object_of(_CONTEXT_GROUP, "objectType", "group")),
}


def check_authority(value: Any) -> None:
    """1.0.3 Data 2.4.9: an agent, or the two agents of OAuth as an anonymous group."""
    if isinstance(value, dict) and value.get("objectType") == "Group":
        check_object(value, {"objectType": check_text, "name": check_text, "member": array_of(check_agent)}, ["member"])
        if len(value["member"]) != 2:
            raise InvalidValue("An authority that is a group has exactly two members.", "member")
    else:
        check_agent(value)


def _common(version: str) -> Table:
    context = object_of(_CONTEXT_OF_TWO if version == TWO else _CONTEXT)
    return {
        "actor": check_actor,
        "verb": check_verb,
        "result": check_result,
        "context": context,
        "timestamp": check_timestamp,
        "attachments": array_of(check_attachment),
    }


class StatementCheck:
    """The rules of one version of the specification; call it with a statement."""

    def __init__(self, version: str) -> None:
        self.version = version
        own: Table = {
            "id": check_uuid,
            "stored": check_timestamp,
            "authority": check_authority,
            "version": self._check_version,
            "object": self._check_object,
        }
        self.table = {**_common(version), **own}
        self.sub_table = {**_common(version), "objectType": one_of("SubStatement"), "object": self._check_sub_object}

    def __call__(self, value: Any) -> None:
        self._check(value, self.table)
        # 1.0.3 Data 2.3.2: what a voiding statement is about is a statement.
        if value["verb"]["id"] == VOIDED and value["object"].get("objectType") != "StatementRef":
            raise InvalidValue("The object of a voiding statement must be a StatementRef.", "object", "objectType")

    def _check(self, value: Any, table: Table) -> None:
        check_object(value, table, ("actor", "verb", "object"))
        context = value.get("context", {})
        if value["object"].get("objectType", "Activity") != "Activity":
            for name in ("revision", "platform"):  # 1.0.3 Data 2.4.6
                if name in context:
                    raise InvalidValue(f"Only statements about an activity have a {name}.", "context", name)

    def _check_object(self, value: Any) -> None:
        if isinstance(value, dict) and value.get("objectType") == "SubStatement":
            self._check(value, self.sub_table)
        else:
            self._check_sub_object(value)

    def _check_sub_object(self, value: Any) -> None:
        """Whatever may stand in a SubStatement, which holds no other one (1.0.3 Data 2.4.4.3)."""
        kind = value.get("objectType", "Activity") if isinstance(value, dict) else "Activity"
        check = _OBJECTS.get(kind) if isinstance(kind, str) else None
        if check is None:
            raise InvalidValue(f"This must be {', '.join(_OBJECTS)} or SubStatement, not {shown(kind)}.", "objectType")
        check(value)

    def _check_version(self, value: Any) -> None:
        """1.0.3 Data 2.4.10, 2.0.0 section 4.2.4.3: a store of 2.0.0 also takes statements of 1.0."""
        if not isinstance(value, str) or not _VERSION[self.version].fullmatch(value):
            raise InvalidValue(f"This must be a version that {self.version} knows, but it is {shown(value)}.")


_OBJECTS = {
    "Activity": check_activity,
    "Agent": check_agent,
    "Group": check_group,
    "StatementRef": check_statement_ref,
}
CHECKS = {version: StatementCheck(version) for version in (ONE, TWO)}


def check_statement(value: Any, version: str) -> None:
    """By the rules of one version, ONE or TWO.

    Raises:
        InvalidValue: it breaks one of them.
    """
    CHECKS[version](value)
