"""The statements resource as learning tools meet it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from analytics.lrs import search
from analytics.models import Statement

PATH = "/xapi/statements"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def statement(name: str = "ada", verb: str = "answered", activity: str = "quiz", **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"mbox": f"mailto:{name}@example.com"},
        "verb": {"id": f"https://example.com/verbs/{verb}"},
        "object": {"id": f"https://example.com/activities/{activity}"},
    } | more


def about(other: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A statement of somebody else's that refers to another one."""
    return statement("tutor", "confirmed") | {"object": {"objectType": "StatementRef", "id": other["id"]}} | more


def voiding(other: dict[str, Any]) -> dict[str, Any]:
    return about(other, verb={"id": VOIDED})


def post(tool: Client, body: Any) -> Any:
    return tool.post(PATH, body if isinstance(body, bytes) else json.dumps(body), "application/json")


def stored(tool: Client, *statements: dict[str, Any]) -> list[dict[str, Any]]:
    assert post(tool, list(statements)).json() == [one["id"] for one in statements]
    return list(statements)


def ids(tool: Client, **parameters: Any) -> list[str]:
    response = tool.get(PATH, parameters)
    assert response.status_code == 200, response.content
    return [one["id"] for one in response.json()["statements"]]


def test_a_statement_comes_back_with_what_the_store_adds(tool):
    client = tool()
    given = statement(context={"contextActivities": {"parent": {"id": "https://example.com/activities/course"}}})
    del given["id"]
    [statement_id] = post(client, given).json()
    response = client.get(PATH, {"statementId": statement_id})
    found = response.json()
    assert found["id"] == statement_id
    assert found["authority"] == client.credential.authority
    assert found["version"] == "2.0.0"
    assert found["stored"].endswith("Z")
    assert found["context"]["contextActivities"]["parent"] == [{"id": "https://example.com/activities/course"}]
    assert response["Last-Modified"]


def test_put(tool):
    client, given = tool(), statement()
    put = lambda body, **query: client.put(  # noqa: E731
        PATH, json.dumps(body), "application/json", query_params=query
    )
    assert put(given, statementId=given["id"].upper()).status_code == 204
    assert put(given, statementId=given["id"]).status_code == 204
    assert put({**given, "verb": {"id": "https://example.com/other"}}, statementId=given["id"]).status_code == 409
    assert put(given, statementId=str(uuid4())).status_code == 400
    assert put([given], statementId=given["id"]).status_code == 400
    assert put(given).status_code == 400
    assert ids(client) == [given["id"]]


def test_all_of_a_batch_or_nothing(tool):
    client = tool()
    response = post(client, [statement(), {**statement(), "actor": {"mbox": "ada"}}])
    assert response.status_code == 400
    assert "$[1].actor.mbox" in response.json()["detail"]
    assert "Statement 1 of the request" in response.json()["detail"]
    assert response.json()["errors"][0]["pointer"] == "/1/actor/mbox"
    one = statement()
    assert post(client, [one, one]).status_code == 400
    stored(client, one)
    assert post(client, [statement(), {**one, "result": {"success": True}}]).status_code == 409
    assert ids(client) == [one["id"]]


def test_the_same_again_changes_nothing(tool):
    client = tool()
    one = statement(timestamp="2026-05-18T09:30:00+02:00", result={"duration": "PT1.123S"})
    stored(client, one)
    again = {**one, "timestamp": "2026-05-18T07:30:00.000Z", "result": {"duration": "PT1.129S"}}
    again["actor"] = {"mbox": "mailto:ada@EXAMPLE.com"}
    again["verb"] = {**one["verb"], "display": {"en": "answered"}}
    assert post(client, again).status_code == 200
    assert post(client, {**again, "timestamp": "2026-05-18T07:30:01Z"}).status_code == 409
    assert client.get(PATH, {"statementId": one["id"]}).json()["result"] == one["result"]


def test_filters(tool):
    client = tool()
    registration = str(uuid4())
    group = {"objectType": "Group", "member": [{"mbox": "mailto:eve@example.com"}]}
    context = {"registration": registration, "instructor": {"mbox": "mailto:tutor@example.com"}}
    context["contextActivities"] = {"parent": [{"id": "https://example.com/activities/course"}]}
    sub = {"objectType": "SubStatement", **statement("ida", "read", "book")}
    del sub["id"]
    made = stored(
        client,
        statement("ada"),
        statement("bob", "read", "book", context=context),
        statement(actor=group),
        statement("cyd", object=sub),
    )
    ada, bob, eve, cyd = (one["id"] for one in made)

    def agent(name):
        return json.dumps({"mbox": f"mailto:{name}@example.com"})

    assert ids(client) == [cyd, eve, bob, ada]
    assert ids(client, ascending="true") == [ada, bob, eve, cyd]
    assert ids(client, agent=agent("ada")) == [ada]
    assert ids(client, agent=agent("eve")) == [eve]
    assert ids(client, agent=agent("tutor")) == []
    assert ids(client, agent=agent("tutor"), related_agents="true") == [bob]
    assert ids(client, agent=agent("ida")) == []
    assert ids(client, agent=agent("ida"), related_agents="true") == [cyd]
    assert ids(client, agent=json.dumps(client.credential.authority), related_agents="true") == [cyd, eve, bob, ada]
    assert ids(client, verb="https://example.com/verbs/read") == [bob]
    assert ids(client, activity="https://example.com/activities/book") == [bob]
    assert ids(client, activity="https://example.com/activities/book", related_activities="true") == [cyd, bob]
    assert ids(client, activity="https://example.com/activities/course", related_activities="true") == [bob]
    assert ids(client, registration=registration) == [bob]
    assert ids(client, agent=agent("bob"), verb="https://example.com/verbs/answered") == []
    at = {one["id"]: one["stored"] for one in client.get(PATH).json()["statements"]}
    assert ids(client, since=at[bob]) == [cyd, eve]
    assert ids(client, until=at[bob]) == [bob, ada]
    assert ids(client, since=at[ada], until=at[eve]) == [eve, bob]


@pytest.mark.parametrize("many", [1, 3, 2000])
def test_filters_find_the_same_whether_few_or_many_match(tool, monkeypatch, many):
    monkeypatch.setattr(search, "MANY", many)
    client = tool()
    context = {"instructor": {"mbox": "mailto:tutor@example.com"}}
    made = stored(client, *(statement("tutor" if n % 2 else "ada", context=context) for n in range(4)))
    tutor = json.dumps(context["instructor"])
    assert ids(client, agent=tutor, ascending="true") == [made[1]["id"], made[3]["id"]]
    assert ids(client, agent=tutor, related_agents="true", ascending="true") == [one["id"] for one in made]
    iri = made[0]["object"]["id"]
    assert ids(client, agent=tutor, activity=iri, ascending="true") == [made[1]["id"], made[3]["id"]]
    assert ids(client, activity=iri, limit=3) == [one["id"] for one in reversed(made[1:])]


def test_an_address_finds_what_was_stored_with_its_hash(tool):
    client = tool()
    hashed = statement(actor={"mbox_sha1sum": "77f4a9a7d4d5a8b7c3b3d6d1e9a1c5f00f5b4c3a"})
    stored(client, hashed)
    assert ids(client, agent=json.dumps({"mbox_sha1sum": hashed["actor"]["mbox_sha1sum"].upper()})) == [hashed["id"]]


def test_pages(tool, settings):
    client = tool()
    made = [one["id"] for one in stored(client, *(statement() for _ in range(7)))]
    seen, address = [], f"{PATH}?limit=3&verb=https://example.com/verbs/answered"
    while address:
        page = client.get(address).json()
        seen.append([one["id"] for one in page["statements"]])
        stored(client, statement())  # what comes meanwhile does not move the pages
        address = page["more"]
    assert seen == [made[:3:-1], made[3:0:-1], made[:1]]
    settings.NEURALINK_STATEMENTS_LISTED = 2
    assert len(ids(client, limit=0)) == 2
    settings.NEURALINK_ANSWER_BYTES = 1
    assert len(ids(client, limit=2)) == 1
    assert client.get(f"{PATH}/more/nonsense").status_code == 400


@pytest.mark.parametrize("target_comes_last", [False, True])
def test_filters_match_through_references(tool, target_comes_last):
    client = tool()
    target = statement("ada")
    first = about(target)
    second = about(first)
    for one in (second, first, target) if target_comes_last else (target, first, second):
        stored(client, one)
    found = ids(client, agent=json.dumps({"mbox": "mailto:ada@example.com"}), ascending="true")
    expected = [target["id"], first["id"], second["id"]]
    assert found == (expected[::-1] if target_comes_last else expected)
    # Both conditions must hold for one and the same statement of the chain.
    assert ids(client, agent=json.dumps(target["actor"]), verb="https://example.com/verbs/confirmed") == []


def test_references_in_a_circle(tool):
    client = tool()
    one, other = statement(), statement()
    one["object"] = {"objectType": "StatementRef", "id": other["id"]}
    other["object"] = {"objectType": "StatementRef", "id": one["id"]}
    stored(client, one, other)
    assert sorted(ids(client, agent=json.dumps(one["actor"]))) == sorted([one["id"], other["id"]])


@pytest.mark.parametrize("voiding_comes_first", [False, True])
def test_voided(tool, voiding_comes_first):
    client = tool()
    target = statement("ada")
    void = voiding(target)
    for one in (void, target) if voiding_comes_first else (target, void):
        stored(client, one)
    assert client.get(PATH, {"statementId": target["id"]}).status_code == 404
    assert client.get(PATH, {"voidedStatementId": target["id"]}).json()["id"] == target["id"]
    assert client.get(PATH, {"voidedStatementId": void["id"]}).status_code == 404
    assert ids(client) == [void["id"]]
    # The voiding statement leads to the voided one, and matches what that one matches.
    assert ids(client, agent=json.dumps(target["actor"])) == [void["id"]]
    stored(client, voiding(void))  # which cannot be done
    assert client.get(PATH, {"statementId": void["id"]}).status_code == 200


def test_an_object_that_is_voided_must_be_a_reference(tool):
    assert post(tool(), statement(verb={"id": VOIDED})).status_code == 400


def test_nobody_sees_another_organisation(tool):
    north, south = tool(), tool(organisation="south")
    one = statement()
    stored(north, one)
    assert ids(south) == []
    assert south.get(PATH, {"statementId": one["id"]}).status_code == 404
    stored(south, {**one, "result": {"success": True}})  # the same id is another statement there
    stored(south, voiding(one))
    assert ids(north) == [one["id"]]


def test_an_organisation_goes_with_its_statements(tool):
    client = tool()
    one = statement(attachments=[])
    stored(client, one, voiding(one))
    client.credential.organisation.delete()
    assert not Statement.objects.exists()


def test_scopes(tool):
    writer, mine, reader = (
        tool("statements/write"),
        tool("statements/read/mine", "statements/write"),
        tool("statements/read"),
    )
    one, other = statement(), statement()
    stored(writer, one)
    stored(mine, other)
    assert writer.get(PATH).status_code == 403
    assert post(reader, one).status_code == 403
    assert ids(reader) == [other["id"], one["id"]]
    assert ids(mine) == [other["id"]]
    assert mine.get(PATH, {"statementId": one["id"]}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "statementId=x",
        "limit=-1",
        "limit=x",
        "ascending=True",
        "agent={}",
        "agent={",
        'agent={"objectType":"Group","member":[]}',
        "verb=x",
        "since=yesterday",
        "format=EXACT",
        "Verb=https://example.com/x",
        "statementId=7ccd3322-e1a5-411a-a67d-6a735c76f119&limit=1",
        "statementId=7ccd3322-e1a5-411a-a67d-6a735c76f119&voidedStatementId=7ccd3322-e1a5-411a-a67d-6a735c76f119",
    ],
)
def test_wrong_questions(tool, query):
    response = tool().get(f"{PATH}?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] in query
    assert "X-Experience-API-Consistent-Through" in response.headers


def test_head_has_the_headers_of_get(tool):
    client = tool()
    stored(client, statement())
    response = client.head(PATH)
    assert response.status_code == 200
    assert response.content == b""
    assert "X-Experience-API-Consistent-Through" in response.headers
