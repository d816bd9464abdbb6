"""Agents and groups, and the one key by which each of them is known.

1.0.3 Data 2.4.2 (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#actor), 2.0.0 section 4.2.2.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from analytics.xapi.errors import InvalidValue, shown
from analytics.xapi.scalars import check_iri, check_mailto, check_sha1, check_text
from analytics.xapi.shapes import check_array, check_object, object_of, one_of

KEY_CHARACTERS = 500
"""A longer key is replaced by its digest: PostgreSQL indexes no entry beyond some 2,700 bytes."""

_IDENTIFIERS = {
    "mbox": check_mailto,
    "mbox_sha1sum": check_sha1,
    "openid": check_iri,
    "account": object_of({"homePage": check_iri, "name": check_text}, "homePage", "name"),
}
_AGENT = {"objectType": one_of("Agent"), "name": check_text, **_IDENTIFIERS}


def check_agent(value: Any) -> None:
    check_object(value, _AGENT)
    if _n_identifiers(value) != 1:
        raise _wrong_number("An agent has exactly one", value)


def check_group(value: Any) -> None:
    """Anonymous groups list their members; identified ones may. Groups hold no groups."""
    check_object(value, _GROUP, ["objectType"])
    identifiers = _n_identifiers(value)
    if identifiers > 1:
        raise _wrong_number("A group has at most one", value)
    if not identifiers and "member" not in value:
        raise InvalidValue("A group without an identifier must list its members in the property member.")


def check_actor(value: Any) -> None:
    """An agent, or a group where objectType says so."""
    if isinstance(value, dict) and value.get("objectType") == "Group":
        check_group(value)
    else:
        check_agent(value)


def _check_members(value: Any) -> None:
    check_array(value, check_agent)


_GROUP = {"objectType": one_of("Group"), "name": check_text, "member": _check_members, **_IDENTIFIERS}


def _n_identifiers(value: dict[str, Any]) -> int:
    return len(_IDENTIFIERS.keys() & value.keys())


def _wrong_number(wish: str, value: dict[str, Any]) -> InvalidValue:
    received = ", ".join(sorted(_IDENTIFIERS.keys() & value.keys())) or shown(value)
    return InvalidValue(f"{wish} of {', '.join(_IDENTIFIERS)}; received: {received}.")


def identity_key(actor: dict[str, Any]) -> str | None:
    """The key of a checked agent or group: equal if and only if they are the same; None for an anonymous group.

    `mbox:mailto:ada@example.com`, `mbox_sha1sum:<40 digits>`, `openid:<URI>`, `account:<home page> <name>` (no IRI
    holds a space, so this cannot be read in two ways). The domain of an address and the digits of a hash have no case.
    """
    if "mbox" in actor:
        local, _, domain = actor["mbox"].rpartition("@")
        return bounded_key(f"mbox:{local}@{domain.lower()}")
    if "account" in actor:
        return bounded_key(f"account:{actor['account']['homePage']} {actor['account']['name']}")
    if "mbox_sha1sum" in actor:
        return f"mbox_sha1sum:{actor['mbox_sha1sum'].lower()}"
    return bounded_key(f"openid:{actor['openid']}") if "openid" in actor else None


def matching_keys(actor: dict[str, Any]) -> list[str]:
    """Keys that a search for this agent accepts: its own, and that of its address's hash (1.0.3 Data 2.4.2.3, MAY)."""
    key = identity_key(actor)
    if key is None:
        return []
    hashed = hashlib.sha1(actor["mbox"].encode(), usedforsecurity=False).hexdigest() if "mbox" in actor else None
    return [key, f"mbox_sha1sum:{hashed}"] if hashed else [key]


def mentioned_keys(actor: dict[str, Any]) -> Iterator[str]:
    """The actor's key and, of a group, those of its members."""
    key = identity_key(actor)
    if key is not None:
        yield key
    for member in actor.get("member", ()):
        yield from mentioned_keys(member)


def bounded_key(key: str) -> str:
    if len(key) <= KEY_CHARACTERS:
        return key
    return f"{key.partition(':')[0]}-sha256:{hashlib.sha256(key.encode()).hexdigest()}"
