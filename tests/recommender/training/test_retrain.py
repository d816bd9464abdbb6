"""A run from history to use: what it keeps, how it judges, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analytics.jobs import working_on
from analytics.models import Event, Import, JobState
from recommender.algorithms.ease import EASE
from recommender.models import Promotion, Run, Version
from recommender.registry.versions import live, open_artifact
from recommender.training.retrain import retrain
from recommender.training.start import start_run
from tests.recommender.school import N_MET, School, build_school

Trained = Callable[..., Run]


def test_the_row_tells_everything(school: School, trained: Trained) -> None:
    run = trained(school.organisation, seed=3)
    assert run.state == "succeeded", run.error
    assert {"ndcg_10", "hr_10", "mrr", "coverage_10", "n_learners"} <= set(run.metrics)
    assert run.metrics["ndcg_10"] > run.baseline_metrics["ndcg_10"]
    assert run.data["n_interactions"] == run.data["n_events"] == len(school.learners) * N_MET
    assert run.data["first_at"] < run.data["cutoff_at"] < run.data["last_at"]
    assert run.metrics["n_learners"] == run.data["n_tested"] > 5
    assert run.protocol == "time_split"
    assert len(run.protocol_hash) == 64
    assert run.fit_seconds >= 0
    assert run.peak_memory_bytes > 10_000_000
    assert run.progress_share == 1.0


def test_the_manifest_tells_where_it_comes_from(school: School, trained: Trained) -> None:
    run = trained(school.organisation, config={"regularization": 20.0})
    manifest = open_artifact(run.version).manifest
    assert manifest["algorithm"] == "ease"
    assert manifest["config"]["regularization"] == 20.0
    assert (manifest["organisation"], manifest["run_id"], manifest["n_learners"]) == ("school", run.pk, 60)


def test_same_data_and_seed_give_the_same_figures(school: School, trained: Trained) -> None:
    first, second = trained(school.organisation), trained(school.organisation)
    assert first.metrics == second.metrics
    assert first.protocol_hash == second.protocol_hash
    assert live(school.organisation, "any") == second.version


def test_worse_than_the_version_in_use_is_not_used(school: School, trained: Trained) -> None:
    ease = trained(school.organisation)
    run = trained(school.organisation, "popularity")
    assert run.state == "succeeded"
    assert run.verdict.startswith("Not put into use, because it is worse: NDCG@10 is ")
    assert f"{ease.version} in use has {ease.metrics['ndcg_10']:.4f}" in run.verdict
    assert live(school.organisation, "any") == ease.version
    assert Version.objects.count() == 2, "it is registered all the same"


def test_new_data_the_recipe_in_use_is_measured_again(school: School, trained: Trained) -> None:
    popularity = trained(school.organisation, "popularity")
    school.meet(school.learners[0], school.parts["red"][0])
    ease = trained(school.organisation)
    assert ease.protocol_hash != popularity.protocol_hash
    assert ease.data["in_use"]["name"] == "v1 popularity"
    assert ease.data["in_use"]["metrics"]["ndcg_10"] == ease.baseline_metrics["ndcg_10"]
    assert "95% interval" in ease.verdict
    assert live(school.organisation, "any") == ease.version


def test_the_same_recipe_on_newer_data_is_put_into_use(school: School, trained: Trained) -> None:
    trained(school.organisation)
    school.meet(school.learners[0], school.parts["red"][0])
    again = trained(school.organisation, config={"regularization": 500})
    assert "was not compared (the same algorithm and parameters, learnt from older data)" in again.verdict
    assert live(school.organisation, "any") == again.version


def test_worse_than_popularity_is_not_used(school: School, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = EASE._score
    monkeypatch.setattr(EASE, "_score", lambda self, histories, at: -whole(self, histories, at))
    run = trained(school.organisation)
    assert run.verdict.startswith("Not put into use, because it is worse")
    assert "no version was in use before" in run.verdict
    assert live(school.organisation, "any") is None


def test_promotion_can_be_left_to_people(school: School, trained: Trained) -> None:
    run = trained(school.organisation, promotes=False)
    assert run.verdict.startswith("Not put into use, as asked: NDCG@10")
    assert live(school.organisation, "any") is None


def test_a_version_put_into_use_meanwhile_is_not_pushed_aside(
    school: School, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recommender.registry import versions
    from recommender.training import retrain as module

    waiting = trained(school.organisation, "popularity", promotes=False)
    whole = module._refit

    def meanwhile(*args: Any) -> Any:
        versions.promote(waiting.version, by=None, why="by hand")
        return whole(*args)

    monkeypatch.setattr(module, "_refit", meanwhile)
    run = trained(school.organisation)
    assert run.verdict.startswith("Not put into use: another version was put into use")
    assert live(school.organisation, "any") == waiting.version


def test_nothing_to_learn_from_is_a_sentence(
    school: School, trained: Trained, caplog: pytest.LogCaptureFixture
) -> None:
    Event.objects.all().delete()
    run = trained(school.organisation)
    assert run.state == "failed"
    assert run.error == "There is nothing to learn from: no events with such activities. Import history first."
    assert "Traceback" not in caplog.text
    assert not Version.objects.exists()


def test_too_little_to_measure_is_a_sentence(school: School, trained: Trained) -> None:
    Event.objects.exclude(learner__in=school.learners[:3]).delete()
    run = trained(school.organisation)
    assert run.state == "failed"
    assert "learners met something new both before and after" in run.error


def test_a_run_that_was_registered_before_its_process_died_ends_once(school: School, trained: Trained) -> None:
    run = trained(school.organisation)
    Run.objects.filter(pk=run.pk).update(state="running", lease_expires_at=timezone.now() - timedelta(seconds=1))
    with working_on(Run, run.pk) as lease:
        assert lease is not None
        retrain(lease)
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("succeeded", 2)
    assert (Version.objects.count(), Promotion.objects.count()) == (1, 1)


def test_cancelled_while_it_fits(school: School, models_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start_run(school.organisation, "ease")
    whole = EASE._learn

    def learn(self: EASE, interactions: Any, options: Any) -> Any:
        Run.objects.get(pk=run.pk).request_cancel()
        lease._extend()  # what the heartbeat does every few seconds
        return whole(self, interactions, options)

    monkeypatch.setattr(EASE, "_learn", learn)
    with working_on(Run, run.pk) as lease:
        assert lease is not None
        retrain(lease)
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert not Version.objects.exists()
    assert not list(models_home.rglob("*.npy"))


def test_whoever_lost_the_lease_writes_nothing(
    school: School, models_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recommender.training import retrain as module

    run = start_run(school.organisation, "popularity")
    whole = module._refit

    def taken_over(*args: Any) -> Any:
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert Run.objects.claim(run.pk) is not None
        return whole(*args)

    monkeypatch.setattr(module, "_refit", taken_over)
    with working_on(Run, run.pk) as lease:
        assert lease is not None
        retrain(lease)
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("running", 2)
    assert not Version.objects.exists()
    assert not list(models_home.rglob("*.npy"))


def command(*args: str, name: str = "train") -> str:
    out = StringIO()
    call_command(name, *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_ends_with_json(school: School, models_home: Path) -> None:
    last = json.loads(command("ease", "--config", "regularization=20", "--seed", "1").splitlines()[-1])
    run = Run.objects.get(pk=last["run_id"])
    assert last["version_id"] == run.version.pk
    assert last["metrics"] == run.metrics
    assert last["verdict"] == run.verdict
    assert run.config == {"regularization": 20}
    assert set(last) == {"run_id", "version_id", "metrics", "seconds", "verdict"}


def test_the_command_recommends(school: School, models_home: Path) -> None:
    command("ease")
    table = command("l0", "-n", "3", name="recommend")
    assert "v1 ease in use" in table
    assert "Because you" in table


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["magic"], "There is no algorithm called 'magic'"),
        (["ease", "--config", "regularization"], "KEY=VALUE"),
        (["ease", "--config", "neighbours=many"], "EASEConfig.neighbours must be"),
        (["ease", "--course", "green"], "no course 'green'; it has for example: blue, red"),
        (["ease", "--organisation", "nowhere"], "no organisation 'nowhere'; there are: school"),
    ],
)
def test_the_command_says_what_is_wrong(school: School, args: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        command(*args)


def test_with_several_organisations_one_must_be_named(school: School) -> None:
    build_school("other", n_learners=1)
    with pytest.raises(CommandError, match="--organisation: other, school"):
        command("ease")


def test_the_command_fails_with_the_runs_sentence(school: School, models_home: Path) -> None:
    Event.objects.all().delete()
    with pytest.raises(CommandError, match="nothing to learn from"):
        command("ease")


def test_an_unknown_learner_is_said(school: School) -> None:
    with pytest.raises(CommandError, match="has no learner 'nobody'"):
        command("nobody", name="recommend")


def test_the_row_keeps_its_checks_and_its_log(school: School, trained: Trained) -> None:
    run = trained(school.organisation)
    assert run.passes is True
    assert [finding["name"] for finding in run.findings] == [
        "popularity", "in_use", "no_harm", "coverage", "latency", "size",
    ]  # fmt: skip
    assert {finding["name"] for finding in run.guard} >= {"imports", "missing_days"}
    assert run.log[0]["text"] == "looking at the data"
    assert run.log[-1]["text"] == "storing the version"
    again = trained(school.organisation, config={"regularization": 50})
    assert "95% confidence" in again.findings[1]["sentence"], "the stored figures of each learner are compared"


def test_broken_data_stop_a_training_until_somebody_says_why(school: School, trained: Trained) -> None:
    Import.objects.create(
        organisation=school.organisation, format="csv", source_name="week.csv", state=JobState.SUCCEEDED,
        n_read=1000, n_rejected=700, counts_by_code={"no_learner": 700},
    )  # fmt: skip
    refused = trained(school.organisation)
    assert refused.state == JobState.FAILED
    assert "The import week.csv" in refused.error
    assert "lost 70% of its rows" in refused.error
    assert not hasattr(refused, "version")
    done = trained(school.organisation, override="The file was a test.")
    assert done.state == JobState.SUCCEEDED, done.error
    assert any(not finding["is_passed"] for finding in done.guard)


def test_the_log_counts_each_epoch_once_and_in_words(school: School, trained: Callable[..., Run]) -> None:
    run = trained(school.organisation, "ials", config={"epochs": 3})
    told = [line["text"] for line in run.log]
    for part in ("training on the older part", "training on everything"):
        assert [text for text in told if text.startswith(f"{part}:")] == [f"{part}: {n} of 3 epochs" for n in (1, 2, 3)]
