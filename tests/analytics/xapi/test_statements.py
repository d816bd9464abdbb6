"""Whole statements: what the specification allows, and the place of what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.xapi.errors import InvalidValue
from analytics.xapi.statements import ONE, TWO, VOIDED, check_statement

ADA = {"mbox": "mailto:ada@example.com"}
GROUP = {"objectType": "Group", "member": [ADA]}
QUIZ = {"id": "https://example.com/quiz"}
REFERENCE = {"objectType": "StatementRef", "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119"}
PLAIN = {"actor": ADA, "verb": {"id": "https://example.com/did"}, "object": QUIZ}
SUB = {"objectType": "SubStatement", **PLAIN}
ATTACHMENT = {
    "usageType": "https://example.com/certificate",
    "display": {"en": "Certificate"},
    "contentType": "application/pdf",
    "length": 3,
    "sha2": "a" * 64,
}


def interaction(kind: str, **more: Any) -> dict[str, Any]:
    return PLAIN | {"object": {**QUIZ, "definition": {"interactionType": kind, **more}}}


GOOD = [
    PLAIN,
    PLAIN | {"object": {"objectType": "Agent", **ADA}},
    PLAIN | {"object": GROUP},
    PLAIN | {"object": SUB},
    PLAIN | {"object": REFERENCE, "verb": {"id": VOIDED}},
    PLAIN | {"version": "1.0", "authority": {"objectType": "Group", "member": [ADA, ADA]}},
    PLAIN | {"result": {"score": {"scaled": -1, "raw": 3, "min": 3, "max": 4.5}, "duration": "PT1S", "success": False}},
    PLAIN | {"result": {"extensions": {"https://example.com/x": None}}},
    PLAIN | {"context": {"contextActivities": {"parent": QUIZ, "other": [QUIZ]}, "team": GROUP, "language": "en"}},
    PLAIN | {"context": {"statement": REFERENCE, "revision": "1", "platform": "LMS", "instructor": GROUP}},
    PLAIN | {"attachments": [ATTACHMENT]},
    interaction(
        "choice", choices=[{"id": "a", "description": {"en": "A"}}, {"id": "b"}], correctResponsesPattern=["a"]
    ),
    interaction("matching", source=[{"id": "a"}], target=[{"id": "a"}]),
]
BAD = [
    (None, "$"),
    ({}, "$"),
    (PLAIN | {"Actor": ADA}, "$.Actor"),
    (PLAIN | {"result": None}, "$.result"),
    (PLAIN | {"id": "1"}, "$.id"),
    (PLAIN | {"version": "1.1.0"}, "$.version"),
    (PLAIN | {"version": "0.9.9"}, "$.version"),
    (PLAIN | {"verb": {"id": "did"}}, "$.verb.id"),
    (PLAIN | {"verb": {"id": VOIDED}}, "$.object.objectType"),
    (PLAIN | {"object": {"objectType": "activity", **QUIZ}}, "$.object.objectType"),
    (PLAIN | {"object": {"objectType": ["Activity"], **QUIZ}}, "$.object.objectType"),
    (PLAIN | {"object": {**SUB, "id": REFERENCE["id"]}}, "$.object.id"),
    (PLAIN | {"object": {**SUB, "object": SUB}}, "$.object.object.objectType"),
    (PLAIN | {"object": {**SUB, "actor": {}}}, "$.object.actor"),
    (PLAIN | {"object": {**QUIZ, "definition": {"name": {"e n": "x"}}}}, "$.object.definition.name['e n']"),
    (PLAIN | {"object": {**QUIZ, "definition": {"extensions": {"x": 1}}}}, "$.object.definition.extensions.x"),
    (PLAIN | {"result": {"success": "true"}}, "$.result.success"),
    (PLAIN | {"result": {"score": {"scaled": 1.01}}}, "$.result.score.scaled"),
    (PLAIN | {"result": {"score": {"scaled": True}}}, "$.result.score.scaled"),
    (PLAIN | {"result": {"score": {"min": 2, "max": 2}}}, "$.result.score.min"),
    (PLAIN | {"result": {"score": {"raw": 1, "min": 2}}}, "$.result.score.raw"),
    (PLAIN | {"result": {"score": {"raw": 3, "max": 2}}}, "$.result.score.raw"),
    (PLAIN | {"context": {"registration": "x"}}, "$.context.registration"),
    (PLAIN | {"context": {"team": ADA}}, "$.context.team"),
    (PLAIN | {"context": {"contextActivities": {"parents": QUIZ}}}, "$.context.contextActivities.parents"),
    (PLAIN | {"context": {"contextActivities": {"parent": [QUIZ, {}]}}}, "$.context.contextActivities.parent[1]"),
    (PLAIN | {"object": GROUP, "context": {"revision": "1"}}, "$.context.revision"),
    (PLAIN | {"object": {**SUB, "object": REFERENCE, "context": {"platform": "x"}}}, "$.object.context.platform"),
    (PLAIN | {"authority": {"objectType": "Group", "member": [ADA]}}, "$.authority.member"),
    (PLAIN | {"authority": {**GROUP, **ADA}}, "$.authority.mbox"),
    (PLAIN | {"attachments": [{**ATTACHMENT, "length": 1.5}]}, "$.attachments[0].length"),
    (PLAIN | {"attachments": [{**ATTACHMENT, "sha2": "x"}]}, "$.attachments[0].sha2"),
    (PLAIN | {"attachments": ATTACHMENT}, "$.attachments"),
    (interaction("Choice"), "$.object.definition.interactionType"),
    (interaction("numeric", choices=[{"id": "a"}]), "$.object.definition.choices"),
    (interaction("choice", choices=[{"id": "a"}, {"id": "a"}]), "$.object.definition.choices[1].id"),
    (
        PLAIN | {"object": {**QUIZ, "definition": {"correctResponsesPattern": ["a"]}}},
        "$.object.definition.correctResponsesPattern",
    ),
]


@pytest.mark.parametrize("version", [ONE, TWO])
@pytest.mark.parametrize("statement", GOOD)
def test_good(statement, version):
    check_statement(statement, version)


@pytest.mark.parametrize("version", [ONE, TWO])
@pytest.mark.parametrize(("statement", "path"), BAD)
def test_bad(statement, path, version):
    with pytest.raises(InvalidValue) as caught:
        check_statement(statement, version)
    assert str(caught.value).startswith(f"{path}: ")


CONTEXT_AGENT = {"objectType": "contextAgent", "agent": ADA, "relevantTypes": ["https://example.com/mentor"]}
CONTEXT_GROUP = {"objectType": "contextGroup", "group": GROUP}


def test_context_agents_are_new_in_two():
    new = PLAIN | {"context": {"contextAgents": [CONTEXT_AGENT], "contextGroups": [CONTEXT_GROUP]}, "version": "2.0.0"}
    check_statement(new, TWO)
    with pytest.raises(InvalidValue, match="contextAgents"):
        check_statement({**new, "version": "1.0.3"}, ONE)
    with pytest.raises(InvalidValue, match=r"\$\.version"):
        check_statement(PLAIN | {"version": "2.0.0"}, ONE)
    for wrong in ({**CONTEXT_AGENT, "relevantTypes": []}, {**CONTEXT_AGENT, "agent": GROUP}, {"agent": ADA}):
        with pytest.raises(InvalidValue, match=r"contextAgents\[0\]"):
            check_statement(PLAIN | {"context": {"contextAgents": [wrong]}}, TWO)
