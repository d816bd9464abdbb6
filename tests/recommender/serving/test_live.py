"""The version in use changes without a restart, and damaged files never fail a request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analytics.models import Learner
from recommender.models import Run
from recommender.registry import versions
from recommender.serving import live
from recommender.serving.live import live_model
from recommender.serving.recommend import recommend
from tests.recommender.school import School

Trained = Callable[..., Run]


def source(learner: Learner) -> tuple[str, str | None]:
    answer = recommend(learner, channel="api", limit=3)
    return answer.source, answer.version and str(answer.version)


def test_a_promotion_is_served_without_restart(school: School, trained: Trained) -> None:
    trained(school.organisation, "popularity")
    assert source(school.learners[0]) == ("popularity", "v1 popularity")
    trained(school.organisation, "ease")
    assert source(school.learners[0]) == ("ease", "v2 ease")
    versions.roll_back(school.organisation, "any", by=None, why="test")
    assert source(school.learners[0]) == ("popularity", "v1 popularity")


def test_the_database_is_asked_once_in_the_seconds_set(
    school: School, trained: Trained, settings: Any, django_assert_num_queries: Any
) -> None:
    trained(school.organisation)
    model = live_model(school.organisation, "any")
    settings.NEURALINK_SWAP_SECONDS = 60
    with django_assert_num_queries(0):
        assert live_model(school.organisation, "any") is model


def test_the_model_is_kept_while_the_version_stays(school: School, trained: Trained) -> None:
    trained(school.organisation)
    assert live_model(school.organisation, "any") is live_model(school.organisation, "any")


def test_a_damaged_version_gives_way_to_the_one_before(
    school: School, trained: Trained, models_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trained(school.organisation, "popularity")
    run = trained(school.organisation, "ease")
    weights = versions.folder_of(run.version) / "neighbour_weight.npy"
    weights.write_bytes(weights.read_bytes()[:-8] + b"\xff" * 8)
    with caplog.at_level(logging.ERROR):
        assert source(school.learners[0]) == ("popularity", "v1 popularity")
    assert "v2 ease of organisation" in caplog.text
    assert "differs from its checksum" in caplog.text


def test_without_any_whole_version_the_fallback_answers(
    school: School, trained: Trained, models_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = trained(school.organisation)
    (versions.folder_of(run.version) / "manifest.json").unlink()
    assert recommend(school.learners[0], channel="api").fallback == "first_in_your_courses"
    assert "manifest.json" in caplog.text


def test_each_version_is_tried_once_however_often_it_was_in_use(
    school: School, trained: Trained, models_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (trained(school.organisation, name).version for name in ("popularity", "ease"))
    for version in (first, second, first, second):
        versions.promote(version, by=None, why="to and fro")
    for version in (first, second):
        (versions.folder_of(version) / "manifest.json").unlink()
    live.forget()
    assert live_model(school.organisation, "any") is None
    assert [record.getMessage().split()[0] for record in caplog.records] == ["v2", "v1"]


def test_files_that_were_restored_are_found_again(
    school: School, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(school.organisation)
    folder = versions.folder_of(run.version)
    away = folder.with_name("away")
    folder.rename(away)
    assert live_model(school.organisation, "any") is None
    away.rename(folder)
    assert live_model(school.organisation, "any") is None, "not on every request"
    monkeypatch.setattr(live, "RETRY_SECONDS", -1)
    assert live_model(school.organisation, "any") is not None


def test_a_model_that_cannot_answer_gives_way_too(
    school: School, trained: Trained, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trained(school.organisation)
    model = live_model(school.organisation, "any")
    assert model is not None
    monkeypatch.setattr(type(model.algorithm), "score", lambda self, histories: 1 / 0)
    assert recommend(school.learners[0], channel="api").fallback == "first_in_your_courses"
    assert "could not answer" in caplog.text


def test_scopes_that_nobody_asks_for_are_forgotten(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    live.forget()
    monkeypatch.setattr(live, "MAX_SCOPES", 2)
    for course in (None, *school.courses.values()):
        live_model(school.organisation, "any", course)
    assert len(live._slots) == 2


def test_threads_answer_from_the_old_model_while_the_new_one_loads(
    school: School, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(school.organisation, "popularity")
    old = live_model(school.organisation, "any")
    trained(school.organisation, "ease")
    loading, go_on = threading.Event(), threading.Event()
    whole_load = live.load

    def slow_load(version: Any) -> Any:
        loading.set()
        assert go_on.wait(10)
        return whole_load(version)

    seen: list[Any] = []
    monkeypatch.setattr(live, "load", slow_load)

    def meanwhile() -> None:
        loading.wait(10)
        seen.append(live_model(school.organisation, "any"))
        go_on.set()

    other = threading.Thread(target=meanwhile)
    other.start()
    new = live_model(school.organisation, "any")
    other.join(10)
    assert seen == [old]
    assert new is not None
    assert new.version.algorithm == "ease"
