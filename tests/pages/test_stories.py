"""Whole stories in the browser; what a worker would do is done by the test itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.models import Import, JobState
from analytics.tasks import run_import
from recommender.models import Feedback, Run, Version
from tests.cast import Cast

pytestmark = pytest.mark.page

ROWS = """learner,activity,verb,at,value,unit
learner-01,algebra-6,submitted,2026-11-02T10:00:00Z,0.75,share
learner-02,algebra-6,viewed,2026-11-02T11:00:00Z,,
learner-03,,viewed,2026-11-02T12:00:00Z,,
"""


def test_a_file_is_uploaded_and_the_ledger_adds_up(
    cast: Cast, models_home: Path, window: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "week 45.csv"
    file.write_text(ROWS)
    page = window("administrator").open(reverse("import_new"))
    page.get_by_label("File", exact=True).set_input_files(file)
    page.wait_for_url("**/imports/uploads/*/")
    expect(page.locator("main")).to_contain_text("learner-03")
    page.locator("select[name=column_4]").select_option("")
    expect(page.locator("select[name=column_4]")).to_have_value("")
    page.locator("select[name=column_4]").select_option("value")
    page.wait_for_function("!document.querySelector('.htmx-request')")
    page.get_by_role("button", name="Import now").click()
    page.wait_for_url("**/imports/*/")
    found = Import.objects.get(source_name="week 45.csv")
    run_import(found.pk)
    # The page follows by itself.
    expect(page.locator("main")).to_contain_text("adds up")
    expect(page.locator("main")).to_contain_text("rejected")
    found.refresh_from_db()
    assert (found.n_read, found.n_accepted, found.n_rejected, found.adds_up) == (3, 2, 1, True)


def test_a_learner_says_no_and_is_believed(cast: Cast, trained: Callable[..., Run], window: Callable[..., Any]) -> None:
    trained()
    page = window("learner").open(reverse("my_learning"))
    refused = page.locator(".step-name").first.inner_text()
    page.get_by_role("button", name=f"Not for me: {refused}").click()
    expect(page.locator(".steps [role=status]").first).to_contain_text(f"{refused} will not be suggested")
    assert Feedback.objects.get().activity.name == refused
    page.reload()
    expect(page.locator(".step-name").first).to_be_visible()
    assert refused not in page.locator(".step-name").all_inner_texts()


def test_a_run_is_started_followed_and_its_version_put_into_use(
    cast: Cast, trained: Callable[..., Run], window: Callable[..., Any]
) -> None:
    in_use = trained("popularity").version
    page = window("model_owner").open(reverse("run_new"))
    page.get_by_text("Parameters and seed").click()
    page.get_by_label("Algorithm").select_option("sasrec")
    expect(page.get_by_label("embedding_size")).to_be_visible()
    page.get_by_label("Algorithm").select_option("ease")
    expect(page.get_by_label("embedding_size")).to_have_count(0)  # SASRec has a regularization of its own
    page.get_by_label("regularization").fill("5")
    page.get_by_label("Put into use when it is better").uncheck()
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/runs/*/")
    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    run = Run.objects.get(algorithm="ease")
    assert run.config == {"regularization": 5.0}
    trained(run=run)
    expect(page.locator("h1 .badge")).to_have_text("Succeeded")
    expect(page.locator(".answer")).to_contain_text("NDCG@10")
    assert run.state == JobState.SUCCEEDED, run.error

    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Version 2").click()
    page.get_by_label("Why").fill("It explains itself")
    page.get_by_role("button", name="Put into use").click()
    expect(page.locator(".notice--ok")).to_have_text("Version 2 is in use now.")
    page.get_by_label("Why").fill("A test")
    page.get_by_role("button", name=f"Roll back to {in_use}").click()
    expect(page.locator(".notice--ok")).to_have_text("Version 1 is in use again.")
    assert Version.objects.count() == 2
