"""Addresses below /xapi/ where nothing is."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("path", ["/xapi/", "/xapi/statement", "/xapi/statements/x/"])
@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_an_answer_in_json_and_no_redirect(client, path, method):
    response = getattr(client, method)(path)
    assert response.status_code == 404
    assert response.json()["detail"].startswith("There is no such address in xAPI")
    assert response["X-Experience-API-Version"] == "2.0.0"
