"""How the tests of the API ask."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, body if isinstance(body, str | bytes) else json.dumps(body), "application/json")


def told(response: Any, status: int) -> Any:
    """The problem, after the checks that hold for each of them."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/api/")
    return problem


def all_pages(client: Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """Every row of a list, page by page."""
    response = client.get(path, parameters)
    rows: list[dict[str, Any]] = []
    while True:
        assert response.status_code == 200, response.content
        rows += response.json()["results"]
        following = response.json()["next"]
        if following is None:
            return rows
        response = client.get(following)
