"""What the API promises is written down in openapi.yml, and changes only together with it (DESIGN 6, rule 14).

Write it anew, then read the difference before committing it:

    python manage.py spectacular --validate --fail-on-warn --file tests/house/openapi.yml
"""

from __future__ import annotations

import difflib
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS

from tests.asking import told

GOLDEN = Path(__file__).with_name("openapi.yml")
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def written() -> str:
    GENERATOR_STATS.reset()
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def schema(written: str) -> Any:
    return yaml.safe_load(written)


def operations(schema: Any) -> list[tuple[str, str, Any]]:
    return [
        (path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def difference(golden: str, written: str) -> str:
    lines = difflib.unified_diff(golden.splitlines(), written.splitlines(), "openapi.yml", "the code", lineterm="")
    return "\n".join(lines)


def test_the_schema_is_the_written_one(written: str) -> None:
    changed = difference(GOLDEN.read_text(), written)
    assert not changed, f"{changed}\n\nIf that is meant: {(__doc__ or '').strip().splitlines()[-1].strip()}"


def test_a_change_would_be_seen(written: str) -> None:
    assert "+  /api/v1/learners/:" in difference(written.replace("  /api/v1/learners/:\n", ""), written)


def test_every_operation_tells_what_it_is_and_how_it_fails(schema: Any) -> None:
    for path, method, operation in operations(schema):
        where = f"{method} {path}"
        assert len(operation["description"].split()) > 5, where
        assert "Keys:" in operation["description"], where
        assert operation["security"], where
        assert "application/problem+json" in operation["responses"]["default"]["content"], where


def test_both_ways_to_come_in_are_described(schema: Any) -> None:
    schemes = schema["components"]["securitySchemes"]
    assert (schemes["key"]["scheme"], schemes["session"]["in"]) == ("bearer", "cookie")
    used = {name for *_rest, operation in operations(schema) for way in operation["security"] for name in way}
    assert used == {"key", "session"}


def test_bulk_writing_has_examples(schema: Any) -> None:
    operation = schema["paths"]["/api/v1/events/"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    assert any(isinstance(example["value"], list) for example in examples.values())


def test_schema_and_swagger_are_served(client: Client) -> None:
    response = client.get("/api/schema/")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/vnd.oai.openapi")
    page = client.get("/api/docs/")
    assert page.status_code == 200
    # Swagger's files come from our own machine: a campus network may have no way out.
    assert "cdn" not in page.content.decode()
    assert "swagger-ui-bundle" in page.content.decode()


def test_the_schema_has_problems_too(client: Client) -> None:
    told(client.post("/api/schema/"), 405)
