"""Whose identity it is: actors of statements to learners, new ones where nobody is known by it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q

from analytics.imports.steps.base import ID_CHARACTERS, NAME_CHARACTERS
from analytics.imports.vocabulary import MISSING
from analytics.models import Learner, LearnerIdentity
from analytics.xapi.agents import bounded_key

Json = dict[str, Any]
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


def learners_of(organisation_id: int, actors: Mapping[str, Json]) -> dict[str, str]:
    """Identity key -> external id of the learner, for (n,) actors by their identity keys.

    An unknown identity belongs to the learner of the same e-mail address (plain or hashed), else to the one whose
    external id is the account's name, the address or the OpenID, else to a new learner. Account names say little
    beyond their home page: two accounts of one name are two learners, unless an administrator merges them.
    """
    known = _known(organisation_id, Q(key__in=list(actors)), "key")
    new = {key: actors[key] for key in sorted(actors.keys() - known.keys())}
    if not new:
        return known
    with transaction.atomic():
        found = _Finder(organisation_id, new).learners()
        _keep(organisation_id, new, found)
    return known | found


def external_id_of(actor: Json) -> str:
    """The id by which other sources may know the same person; as cleaning writes ids."""
    if "account" in actor:
        return _plain(actor["account"]["name"]) or _with_home_page(actor)
    return _plain(str(actor.get("mbox", "")).removeprefix("mailto:") or actor.get("openid") or actor["mbox_sha1sum"])


def sha1_of(actor: Json) -> str:
    """Of the address (1.0.3 Data 2.4.2.3), or empty."""
    if "mbox" in actor:
        return hashlib.sha1(actor["mbox"].encode(), usedforsecurity=False).hexdigest()
    return str(actor.get("mbox_sha1sum", "")).lower()


class _Finder:
    def __init__(self, organisation_id: int, actors: Mapping[str, Json]) -> None:
        self.actors = actors
        hashes = {sha1 for actor in actors.values() if (sha1 := sha1_of(actor))}
        self.by_sha1 = _known(organisation_id, Q(sha1__in=hashes), "sha1") if hashes else {}
        wanted = [*map(external_id_of, actors.values()), *map(_with_home_page, actors.values())]
        rows = Learner.objects.filter(organisation=organisation_id, external_id__in=wanted)
        self.learners_there = set(rows.values_list("external_id", flat=True))
        accounts = LearnerIdentity.objects.filter(learner__in=rows, key__startswith="account")
        self.with_account = set(accounts.values_list("learner__external_id", flat=True))

    def learners(self) -> dict[str, str]:
        return {key: self._learner(actor) for key, actor in self.actors.items()}

    def _learner(self, actor: Json) -> str:
        sha1 = sha1_of(actor)
        found = self.by_sha1.get(sha1) or external_id_of(actor)
        if "account" in actor:
            if found in self.with_account:
                found = _with_home_page(actor)
            self.with_account.add(found)
        if sha1:
            self.by_sha1[sha1] = found
        return found


def _keep(organisation_id: int, actors: Mapping[str, Json], found: Mapping[str, str]) -> None:
    names = {found[key]: str(actor.get("name", ""))[:NAME_CHARACTERS] for key, actor in actors.items()}
    Learner.objects.bulk_create(
        [
            Learner(organisation_id=organisation_id, external_id=external_id, name=name)
            for external_id, name in sorted(names.items())
        ],
        ignore_conflicts=True,
    )
    rows = Learner.objects.filter(organisation=organisation_id, external_id__in=list(names))
    ids = dict(rows.values_list("external_id", "id"))
    LearnerIdentity.objects.bulk_create(
        [
            LearnerIdentity(
                organisation_id=organisation_id,
                learner_id=ids[found[key]],
                key=key,
                agent={name: actor[name] for name in IDENTIFIERS if name in actor},
                sha1=sha1_of(actor),
            )
            for key, actor in actors.items()
        ],
        ignore_conflicts=True,
    )


def _known(organisation_id: int, which: Q, by: str) -> dict[str, str]:
    identities = LearnerIdentity.objects.filter(which, organisation=organisation_id).order_by("-id")
    return dict(identities.values_list(by, "learner__external_id"))


def _with_home_page(actor: Json) -> str:
    account = actor.get("account")
    return _plain(f"{account['name']}@{account['homePage']}") if account else ""


def _plain(external_id: str) -> str:
    """Empty where cleaning would take the id for a missing one."""
    plain = unicodedata.normalize("NFC", external_id).strip()
    if plain.lower() in MISSING:
        return ""
    return plain if len(plain) <= ID_CHARACTERS else bounded_key(plain)
