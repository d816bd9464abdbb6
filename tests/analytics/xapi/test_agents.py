"""Who is meant: checks of agents and groups, and the key by which they are found again."""

from __future__ import annotations

import pytest

from analytics.xapi import agents
from analytics.xapi.errors import InvalidValue

MBOX = {"mbox": "mailto:ada@Example.COM"}
ACCOUNT = {"account": {"homePage": "https://lms.example", "name": "ada 1"}}
GROUP = {"objectType": "Group", "name": "Both", "member": [MBOX, ACCOUNT]}


@pytest.mark.parametrize("actor", [MBOX, ACCOUNT, GROUP, {**GROUP, **MBOX}, {"objectType": "Agent", **MBOX}])
def test_good_actors(actor):
    agents.check_actor(actor)


@pytest.mark.parametrize(
    ("actor", "path"),
    [
        ({}, "$"),
        ([], "$"),
        ({"name": "Ada"}, "$"),
        ({**MBOX, **ACCOUNT}, "$"),
        ({"Mbox": "mailto:ada@example.com"}, "$.Mbox"),
        ({"mbox": "ada@example.com"}, "$.mbox"),
        ({"mbox": None}, "$.mbox"),
        ({"mbox_sha1sum": "abc"}, "$.mbox_sha1sum"),
        ({"openid": "ab=c://example.com"}, "$.openid"),
        ({"account": {"name": "ada"}}, "$.account"),
        ({"account": {"homePage": "https://lms.example", "name": 1}}, "$.account.name"),
        ({"objectType": "agent", **MBOX}, "$.objectType"),
        ({"objectType": "Group"}, "$"),
        ({"objectType": "Group", "member": [MBOX, {}]}, "$.member[1]"),
        ({"objectType": "Group", "member": [GROUP]}, "$.member[0].objectType"),
        ({"objectType": "Group", **MBOX, **ACCOUNT}, "$"),
        ({"member": [MBOX], **MBOX}, "$.member"),
    ],
)
def test_what_is_wrong_is_found_at_its_place(actor, path):
    with pytest.raises(InvalidValue) as caught:
        agents.check_actor(actor)
    assert str(caught.value).startswith(f"{path}: ")


def test_keys():
    assert agents.identity_key(MBOX) == "mbox:mailto:ada@example.com"
    assert agents.identity_key(ACCOUNT) == "account:https://lms.example ada 1"
    assert agents.identity_key({"mbox_sha1sum": "AB" * 20}) == "mbox_sha1sum:" + "ab" * 20
    assert agents.identity_key(GROUP) is None
    assert list(agents.mentioned_keys({**GROUP, "openid": "https://us.example"})) == [
        "openid:https://us.example",
        "mbox:mailto:ada@example.com",
        "account:https://lms.example ada 1",
    ]


def test_an_address_is_also_found_by_its_hash():
    hashed = "mbox_sha1sum:8d36e3c7c7d78cb2a2d2d83d6b3a4c7a"
    keys = agents.matching_keys({"mbox": "mailto:ada@example.com"})
    assert keys[0] == "mbox:mailto:ada@example.com"
    assert keys[1].startswith("mbox_sha1sum:")
    assert len(keys[1]) == len(hashed) + 8


def test_long_keys_stay_apart_and_short():
    one, other = ({"account": {"homePage": "https://a.example", "name": "x" * 5000 + end}} for end in "ab")
    assert agents.identity_key(one) != agents.identity_key(other)
    assert len(agents.identity_key(one)) <= agents.KEY_CHARACTERS
