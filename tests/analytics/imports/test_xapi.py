"""Files of statements: stored, told of line by line, and events in the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import InvalidInput
from analytics.imports.formats.xapi import Xapi
from analytics.imports.look import look_at
from analytics.imports.projector.exporting import statement_lines
from analytics.imports.rollback import roll_back
from analytics.imports.start import create_import
from analytics.models import Event, Import, Organisation, Statement
from tests.analytics.imports.conftest import worked_on
from tests.analytics.imports.format_contract import FormatContract
from tests.analytics.imports.projector.conftest import (  # noqa: F401
    ADL,
    everything_is_committed,
    run_projector,
    said,
    voiding,
)
from tests.cast import Cast

Take = Callable[..., Import]


class TestXapi(FormatContract):
    name = "xapi"
    n_rows = 24

    def write(self, folder: Path) -> Path:
        lines = [json.dumps(said(id=f"00000000-0000-4000-8000-{number:012}")) for number in range(20)]
        lines.insert(3, "{")
        lines.insert(9, '{"actor": {}}')
        lines.insert(15, lines[14])
        lines.append("\ufeffnonsense")
        path = folder / "statements.jsonl"
        path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
        return path


@pytest.fixture
def take(organisation: Organisation, tmp_path: Path) -> Take:
    """`take(one, two)`: an import of a file with those statements."""

    def import_them(*statements: Any, name: str = "statements.jsonl", dry: bool = False) -> Import:
        path = tmp_path / name
        path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in statements))
        return worked_on(create_import(organisation, "xapi", path, is_dry_run=dry))

    return import_them


def test_a_file_becomes_events(organisation: Organisation, take: Take) -> None:
    gone = said()
    done = take(said(), gone, voiding(gone), said("http://example.org/dreamt"))
    assert (done.n_read, done.n_accepted, done.adds_up) == (4, 4, True)
    assert not Event.objects.exists()
    run_projector(organisation)
    assert Event.objects.get().from_import == done


def test_ids(organisation: Organisation, take: Take) -> None:
    one, nameless = said(), said()
    del nameless["id"]
    done = take(one, one, one | {"result": {"success": True}}, nameless, nameless)
    assert (done.n_accepted, done.n_merged, done.n_rejected) == (3, 1, 1)
    assert done.counts_by_code == {"repeated_id": 1, "id_taken": 1}
    again = take(one, one | {"verb": {"id": f"{ADL}failed"}}, name="other.jsonl")
    assert (again.n_accepted, again.counts_by_code) == (0, {"known_id": 1, "id_taken": 1})


def test_what_a_file_said_of_its_authority_stays(organisation: Organisation, take: Take) -> None:
    authority = {"objectType": "Agent", "mbox": "mailto:lrs@example.org"}
    done = take(said(authority=authority, version="1.0.3"), said())
    found = [json.loads(one.document) for one in Statement.objects.order_by("id")]
    found.sort(key=lambda one: "mbox" not in one["authority"])
    assert found[0]["authority"] == authority
    assert (found[0]["version"], found[1]["version"]) == ("1.0.3", "2.0.0")
    assert found[1]["authority"]["account"]["name"] == f"import-{done.pk}"


def test_roll_back_and_import_anew(organisation: Organisation, take: Take) -> None:
    statements = [said(), said()]
    done = take(*statements)
    run_projector(organisation)
    assert roll_back(done) == 2
    assert not Statement.objects.exists()
    assert not Event.objects.exists()
    take(*statements)
    run_projector(organisation)
    assert Event.objects.count() == 2


def test_a_dry_run_stores_nothing(take: Take) -> None:
    done = take(said(), "{", dry=True)
    assert (done.n_accepted, done.n_rejected) == (1, 1)
    assert not Statement.objects.exists()


def test_what_is_exported_comes_in_again(cast: Cast, take: Take, organisation: Organisation) -> None:
    lines = list(statement_lines(cast.north.organisation))
    done = take(*lines)
    assert (done.n_accepted, done.n_rejected) == (len(lines), 0)
    run_projector(organisation)
    there = Event.objects.filter(organisation=organisation)
    assert there.count() == len(lines)
    assert set(there.values_list("learner__external_id", "verb", "occurred_at")) == {
        (event.learner.external_id, event.verb, event.occurred_at) for event in cast.north.events
    }


def test_the_look_knows_it(tmp_path: Path) -> None:
    path = tmp_path / "any.jsonl"
    path.write_text(json.dumps(said()) + "\n")
    assert look_at(path).format == "xapi"


@pytest.mark.parametrize("content", ["learner,activity\n", "[1]\n", "\n"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "any.txt"
    path.write_text(content)
    with pytest.raises(InvalidInput):
        Xapi(path, {}).check()
