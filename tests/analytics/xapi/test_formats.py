"""The formats ids and canonical."""

from __future__ import annotations

import pytest

from analytics.xapi.formats import accepted_languages, canonical, one_language, with_ids_only

ADA = {"objectType": "Agent", "name": "Ada", "mbox": "mailto:ada@example.com"}
COURSE = {"objectType": "Activity", "id": "https://example.com/course", "definition": {"name": {"en": "Course"}}}
WORDS = {"en-GB": "colour", "de": "Farbe", "en-US": "color"}
STATEMENT = {
    "actor": {"objectType": "Group", "name": "Both", "member": [ADA]},
    "verb": {"id": "https://example.com/did", "display": WORDS},
    "object": {"objectType": "SubStatement", "actor": ADA, "verb": {"id": "https://example.com/saw"}, "object": COURSE},
    "context": {
        "contextActivities": {"parent": [COURSE]},
        "contextAgents": [{"objectType": "contextAgent", "agent": ADA}],
        "team": {"objectType": "Group", "name": "Team", "mbox": "mailto:team@example.com", "member": [ADA]},
        "language": "en",
    },
}
ONLY_ADA = {"objectType": "Agent", "mbox": "mailto:ada@example.com"}


def test_ids():
    assert with_ids_only(STATEMENT) == {
        "actor": {"objectType": "Group", "member": [ONLY_ADA]},
        "verb": {"id": "https://example.com/did"},
        "object": {
            "objectType": "SubStatement",
            "actor": ONLY_ADA,
            "verb": {"id": "https://example.com/saw"},
            "object": {"id": "https://example.com/course"},
        },
        "context": {
            "contextActivities": {"parent": [{"id": "https://example.com/course"}]},
            "contextAgents": [{"objectType": "contextAgent", "agent": ONLY_ADA}],
            "team": {"objectType": "Group", "mbox": "mailto:team@example.com"},
            "language": "en",
        },
    }


def test_canonical():
    definition = {"name": {"en": "Course", "de": "Kurs"}, "choices": [{"id": "a", "description": WORDS}, {"id": "b"}]}
    found = canonical(STATEMENT, {COURSE["id"]: definition}.get, ["de"])
    told = {"name": {"de": "Kurs"}, "choices": [{"id": "a", "description": {"de": "Farbe"}}, {"id": "b"}]}
    assert found["verb"]["display"] == {"de": "Farbe"}
    assert found["object"]["object"] == COURSE | {"definition": told}
    assert found["context"]["contextActivities"]["parent"] == [COURSE | {"definition": told}]
    assert found["actor"] == STATEMENT["actor"]
    assert STATEMENT["verb"]["display"] == WORDS


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de", "de"),
        ("en", "en-GB"),
        ("en-US, de;q=0.9", "en-US"),
        ("fr, de;q=0.2, en;q=0.5", "en-GB"),
        ("fr", "en-GB"),
        ("", "en-GB"),
        ("de;q=0", "en-GB"),
        ("*", "en-GB"),
        ("de;q=x, EN-us", "en-US"),
    ],
)
def test_the_language_that_is_most_wanted(header, tag):
    assert one_language(WORDS, accepted_languages(header)) == {tag: WORDS[tag]}


def test_no_words():
    assert one_language({}, ["en"]) == {}
