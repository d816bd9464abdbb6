"""Whom and what a statement mentions: what the filters of GET statements look at (1.0.3 Communication 2.1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from analytics.xapi.agents import bounded_key, identity_key, mentioned_keys

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mentions:
    """Keys of agents (see `identity_key`) and IRIs of activities, each once."""

    actor: str
    """The actor's own key; empty for an anonymous group."""
    agents: list[str]
    """Also found by `agent`: the object, and members of groups in either place."""
    other_agents: list[str]
    """Found by `related_agents` only: authority, instructor, team, context agents, and all of a SubStatement."""
    activities: list[str]
    """The object."""
    other_activities: list[str]
    """Found by `related_activities` only: context activities, and all of a SubStatement."""
    verb: str
    registration: UUID | None
    refers_to: UUID | None
    """The statement that is this one's object."""


def mentions_of(statement: Json) -> Mentions:
    """What a checked statement mentions."""
    about, context = statement["object"], statement.get("context", {})
    actor = identity_key(statement["actor"]) or ""
    agents = dict.fromkeys(key for key in _direct_agents(statement) if key != actor)
    other_agents = dict.fromkeys(key for key in _related_agents(statement) if key != actor)
    activities = [activity_key(about["id"])] if _kind(about) == "Activity" else []
    other_activities = dict.fromkeys(_related_activities(statement))
    return Mentions(
        actor,
        list(agents),
        [key for key in other_agents if key not in agents],
        activities,
        [key for key in other_activities if key not in activities],
        bounded_key(statement["verb"]["id"]),
        UUID(context["registration"]) if "registration" in context else None,
        UUID(about["id"]) if _kind(about) == "StatementRef" else None,
    )


def activity_key(iri: str) -> str:
    return bounded_key(iri)


def _kind(about: Json) -> str:
    return str(about.get("objectType", "Activity"))


def _direct_agents(statement: Json) -> Iterator[str]:
    yield from mentioned_keys(statement["actor"])
    if _kind(statement["object"]) in {"Agent", "Group"}:
        yield from mentioned_keys(statement["object"])


def _related_agents(statement: Json) -> Iterator[str]:
    context = statement.get("context", {})
    for holder, name in ((statement, "authority"), (context, "instructor"), (context, "team")):
        if name in holder:
            yield from mentioned_keys(holder[name])
    for entry in context.get("contextAgents", ()):
        yield from mentioned_keys(entry["agent"])
    for entry in context.get("contextGroups", ()):
        yield from mentioned_keys(entry["group"])
    if _kind(statement["object"]) == "SubStatement":
        yield from _direct_agents(statement["object"])
        yield from _related_agents(statement["object"])


def _related_activities(statement: Json) -> Iterator[str]:
    for listed in statement.get("context", {}).get("contextActivities", {}).values():
        for activity in listed if isinstance(listed, list) else [listed]:
            yield activity_key(activity["id"])
    about = statement["object"]
    if _kind(about) == "SubStatement":
        if _kind(about["object"]) == "Activity":
            yield activity_key(about["object"]["id"])
        yield from _related_activities(about)


def activities_with_definition(statement: Json) -> Iterator[Json]:
    """Activities that a statement defines, wherever they stand in it."""
    for part in (statement, statement["object"] if _kind(statement["object"]) == "SubStatement" else None):
        if part is None:
            continue
        if "definition" in part["object"]:
            yield part["object"]
        for listed in part.get("context", {}).get("contextActivities", {}).values():
            yield from (one for one in (listed if isinstance(listed, list) else [listed]) if "definition" in one)
