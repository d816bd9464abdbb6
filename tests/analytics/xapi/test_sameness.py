"""When two statements are the same one."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.xapi.sameness import are_same

ADA, BOB = {"mbox": "mailto:ada@example.com"}, {"mbox": "mailto:bob@example.com"}
ONE: dict[str, Any] = {
    "actor": {"objectType": "Group", "member": [ADA, BOB]},
    "verb": {"id": "https://example.com/did"},
    "object": {"id": "https://example.com/quiz"},
    "context": {
        "registration": "7ccd3322-e1a5-411a-a67d-6a735c76f119",
        "contextActivities": {"parent": [{"id": "https://example.com/course"}]},
        "extensions": {"https://example.com/x": {"definition": 1}},
    },
    "result": {"duration": "PT1.12S"},
}
SAME = [
    {"stored": "2026-01-01T00:00:00Z", "authority": ADA, "version": "1.0.0", "timestamp": "2026-01-01T00:00:00Z"},
    {"actor": {"objectType": "Group", "member": [{"mbox": "mailto:bob@EXAMPLE.com"}, ADA]}},
    {"verb": {"id": "https://example.com/did", "display": {"en": "did"}}},
    {"object": {"id": "https://example.com/quiz", "definition": {"name": {"en": "Quiz"}}}},
    {"result": {"duration": "PT1.129S"}},
    {"context": ONE["context"] | {"registration": "7CCD3322-E1A5-411A-A67D-6A735C76F119"}},
    {"context": ONE["context"] | {"contextActivities": {"parent": {"id": "https://example.com/course"}}}},
]
OTHER = [
    {"actor": ADA},
    {"actor": {"objectType": "Group", "member": [ADA]}},
    {"verb": {"id": "https://example.com/did not"}},
    {"object": {"id": "https://example.com/Quiz"}},
    {"result": {"duration": "PT1.13S"}},
    {"result": {"duration": "PT1.12S", "success": True}},
    {"context": ONE["context"] | {"extensions": {"https://example.com/x": {"definition": 2}}}},
    {"context": ONE["context"] | {"contextActivities": {"grouping": [{"id": "https://example.com/course"}]}}},
    {"attachments": [{"usageType": "https://example.com/a", "sha2": "a" * 64}]},
]


@pytest.mark.parametrize("change", SAME)
def test_same(change):
    assert are_same(ONE, ONE | change)


@pytest.mark.parametrize("change", OTHER)
def test_other(change):
    assert not are_same(ONE, ONE | change)


def test_timestamps_are_instants():
    early, same, late = (
        {"timestamp": t} for t in ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    )
    assert are_same(ONE | early, ONE | same)
    assert not are_same(ONE | early, ONE | late)
