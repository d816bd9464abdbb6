"""Foreign keys of a load: checked once for each row referred to, or by the triggers where the role may not more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from analytics import foreign_keys
from analytics.imports.references import FEW_ROWS
from analytics.imports.start import create_import
from analytics.models import Enrolment, Event, Import, Organisation
from tests.analytics.imports.conftest import worked_on

MANY = "".join(f"l{n % 5},a{n % 3},viewed,2024-03-01,{n},\n" for n in range(FEW_ROWS + 1))


def role_of_triggers() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        return str(cursor.fetchone()[0])


@pytest.fixture
def triggers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whether triggers were on, noted each time that many events are inserted."""
    noted: list[str] = []
    switched_off = foreign_keys._switched_off

    def note() -> bool:
        is_off = switched_off()
        noted.append(role_of_triggers())
        return is_off

    monkeypatch.setattr(foreign_keys, "_switched_off", note)
    return noted


def test_triggers_are_off_for_many_events_only(import_csv: Callable[..., Import], triggers: list[str]) -> None:
    assert import_csv(MANY).n_accepted == FEW_ROWS + 1
    assert triggers == ["replica"]
    assert role_of_triggers() == "origin"
    assert import_csv("l1,a1,viewed,2024-03-01,,\n", name="few.csv").n_accepted == 1
    assert triggers == ["replica"]


def test_a_role_that_may_not_switch_them_off(import_csv: Callable[..., Import], triggers: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain_importer")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain_importer")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain_importer")
        cursor.execute("GRANT CREATE, USAGE ON SCHEMA public TO plain_importer")
        cursor.execute("ALTER TABLE analytics_event OWNER TO plain_importer")
        cursor.execute("SET LOCAL ROLE plain_importer")
        done = import_csv(MANY)
        assert (done.error, done.n_accepted) == ("", FEW_ROWS + 1)
        assert triggers == ["origin"]
        cursor.execute("RESET ROLE")
        transaction.set_rollback(True)


def test_the_keys_still_hold(import_csv: Callable[..., Import]) -> None:
    done = import_csv(MANY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(from_import=done).update(learner_id=0)


def test_triggers_are_off_for_many_enrolments_too(
    organisation: Organisation, tmp_path: Path, triggers: list[str]
) -> None:
    (tmp_path / "many.csv").write_text("learner,course\n" + "".join(f"l{n},c{n % 3}\n" for n in range(FEW_ROWS + 1)))
    done = worked_on(create_import(organisation, "enrolments", tmp_path / "many.csv"))
    assert (done.error, done.n_accepted) == ("", FEW_ROWS + 1)
    assert triggers == ["replica"]
    assert Enrolment.objects.count() == FEW_ROWS + 1
