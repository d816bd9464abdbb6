"""What the first start makes, later ones find."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from analytics.models import JobState, Organisation
from neuralink_site import first_start
from neuralink_site.start_checks import StartError
from recommender.models import Run


@pytest.fixture
def academy(db: None) -> Organisation:
    return Organisation.objects.create(slug=first_start.ACADEMY, name="Academy", is_synthetic=True)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    called: list[str] = []
    monkeypatch.setattr(first_start, "call_command", lambda name, **options: called.append(name))
    return called


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    started: list[Any] = []

    class Done:
        returncode = 0

    monkeypatch.setattr(first_start.subprocess, "run", lambda command, **_: started.append(command) or Done)
    return started


def test_nothing_is_migrated_twice(db: None, commands: list[str]) -> None:
    assert first_start.migrate() == "up to date"
    assert commands == []


def test_static_files_are_collected_when_one_changed(settings: Any, tmp_path: Path, commands: list[str]) -> None:
    settings.STATIC_ROOT = tmp_path
    assert first_start.collect_static() == "collected"
    assert first_start.collect_static() == "unchanged"
    (tmp_path / "sources.sha256").write_text("of other files")
    assert first_start.collect_static() == "collected"
    assert commands == ["collectstatic", "collectstatic"]


def test_the_academy_is_made_in_an_empty_installation_only(
    db: None, programs: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(first_start, "LOGINS", tmp_path / "logins.json")
    assert first_start.create_academy() == "made"
    Organisation.objects.create(slug="north", name="North")
    assert first_start.create_academy() == "left out, for there are other organisations"
    assert len(programs) == 1


def test_an_academy_that_was_interrupted_is_gone_on_with(
    academy: Organisation, programs: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(first_start, "LOGINS", tmp_path / "logins.json")
    assert first_start.create_academy() == "made"
    first_start.LOGINS.touch()
    assert first_start.create_academy() == "there already"
    assert len(programs) == 1


def test_the_first_models_are_trained_one_after_the_other_and_once(academy: Organisation) -> None:
    for algorithm, _config in first_start.FIRST_MODELS:
        run = first_start.next_run()
        assert run is not None
        assert run.algorithm == algorithm
        assert first_start.next_run() == run
        Run.objects.filter(pk=run.pk).update(state=JobState.FAILED)
    assert first_start.next_run() is None
    assert not first_start.has_model()


def test_an_organisation_of_that_name_that_is_not_synthetic_is_left_alone(db: None) -> None:
    Organisation.objects.create(slug=first_start.ACADEMY, name="A real one")
    assert first_start.next_run() is None


def test_progress_is_said_when_it_changes(academy: Organisation) -> None:
    run = first_start.next_run()
    assert run is not None
    said: list[str] = []
    is_finished = first_start.follow(run, said.append)
    assert [is_finished(), is_finished()] == [False, False]
    Run.objects.filter(pk=run.pk).update(progress_share=0.5, progress_text="half way", state=JobState.RUNNING)
    assert not is_finished()
    Run.objects.filter(pk=run.pk).update(state=JobState.SUCCEEDED)
    assert is_finished()
    assert said == ["  0% Queued", " 50% half way"]


def test_a_server_that_does_not_answer_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused\n  is it running?")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    with pytest.raises(StartError, match=r"start it or correct the address\. \(It said: connection refused is it"):
        first_start.open_database()


def test_the_command_is_there() -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("up", "--help")
    assert ended.value.code == 0
