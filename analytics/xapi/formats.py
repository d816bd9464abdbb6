"""The formats of GET statements: `ids` and `canonical` (1.0.3 Communication 2.1.3); `exact` is what is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analytics.xapi.activities import COMPONENTS

Json = dict[str, Any]
Change = Callable[[Json], Json]
ACTOR_NAMES = ("actor", "authority", "instructor", "team", "agent", "group")
IDENTIFYING = ("objectType", "mbox", "mbox_sha1sum", "openid", "account")


def with_ids_only(statement: Json) -> Json:
    """Agents, groups, activities and verbs with no more than says which they are."""
    return _changed(statement, _agent_id, lambda verb: {"id": verb["id"]}, _activity_id)


def _agent_id(actor: Json) -> Json:
    kept = {name: actor[name] for name in IDENTIFYING if name in actor}
    if not kept.keys() - {"objectType"}:  # an anonymous group is known by its members only
        kept["member"] = [_agent_id(member) for member in actor["member"]]
    return kept


def _activity_id(activity: Json) -> Json:
    return {"id": activity["id"]}


def canonical(statement: Json, definition_of: Callable[[str], Json | None], languages: list[str]) -> Json:
    """Activities with the store's definition of their IRI, one language in each of their maps and in displays."""

    def verb(given: Json) -> Json:
        return {**given, "display": one_language(given["display"], languages)} if "display" in given else given

    def activity(given: Json) -> Json:
        definition = definition_of(given["id"]) or given.get("definition")
        return {**given, "definition": in_one_language(definition, languages)} if definition else given

    return _changed(statement, lambda actor: actor, verb, activity)


def in_one_language(definition: Json, languages: list[str]) -> Json:
    changed = dict(definition)
    for name in ("name", "description"):
        if name in definition:
            changed[name] = one_language(definition[name], languages)
    for name in COMPONENTS.keys() & definition.keys():
        changed[name] = [
            {**one, "description": one_language(one["description"], languages)} if "description" in one else one
            for one in definition[name]
        ]
    return changed


def one_language(words: Mapping[str, str], languages: list[str]) -> dict[str, str]:
    """The entry that is most wanted; the first where none is (RFC 9110 section 12.5.4, basic filtering)."""
    for wanted in languages:
        for tag in words:
            if wanted == "*" or tag.lower() == wanted or tag.lower().startswith(wanted + "-"):
                return {tag: words[tag]}
    return dict(list(words.items())[:1])


def accepted_languages(header: str) -> list[str]:
    """Language ranges of Accept-Language in lower case, most wanted first; those of weight 0 are left out."""
    weighted = []
    for part in header.lower().split(","):
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighted.append((-weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]


def _weight(parameter: str) -> float:
    name, _, digits = parameter.strip().partition("=")
    try:
        return float(digits) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def _changed(part: Json, agent: Change, verb: Change, activity: Change) -> Json:
    """A copy of a statement, SubStatement or context with its parts changed."""
    changed = dict(part)
    for name in ACTOR_NAMES:
        if name in part:
            changed[name] = agent(part[name])
    if "verb" in part:
        changed["verb"] = verb(part["verb"])
    if "object" in part:
        changed["object"] = _changed_object(part["object"], agent, verb, activity)
    if "context" in part:
        changed["context"] = _changed(part["context"], agent, verb, activity)
    if "contextActivities" in part:
        changed["contextActivities"] = {
            name: [activity(one) for one in listed] for name, listed in part["contextActivities"].items()
        }
    for name in ("contextAgents", "contextGroups"):
        if name in part:
            changed[name] = [_changed(entry, agent, verb, activity) for entry in part[name]]
    return changed


def _changed_object(about: Json, agent: Change, verb: Change, activity: Change) -> Json:
    kind = about.get("objectType", "Activity")
    if kind == "Activity":
        return activity(about)
    if kind in {"Agent", "Group"}:
        return agent(about)
    return _changed(about, agent, verb, activity) if kind == "SubStatement" else about
