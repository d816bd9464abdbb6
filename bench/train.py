"""Trainings through the whole chain (`manage.py train` on the database of NEURALINK_HOME), each in a fresh process.

What is measured: seconds of the run and of its fit, peak memory of the process, and what it ranks, beside popularity.
Nothing is put into use. Without an organisation in the database, a synthetic academy is made first.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench.record import ROOT, Measurement

QUICK = ("--algorithms", "popularity,ease")
MEASURES = ("ndcg_10", "hr_10", "mrr", "coverage_10", "recall_20")
PEER = "popularity"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--organisation", default="academy", help="its slug")
    parser.add_argument("--algorithms", default="popularity,ease,sasrec", help="with commas")
    parser.add_argument("--course", default=None, help="external id: only its activities")
    parser.add_argument("--seed", type=int, default=0)


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    prepare(arguments.organisation)
    scope = arguments.course or "all"
    for algorithm in arguments.algorithms.split(","):
        case = f"{arguments.organisation}/{scope}/{algorithm}"
        if not arguments.case or case in arguments.case:
            yield from _measure_one(case, algorithm, arguments)


def prepare(organisation: str | None) -> None:
    """Make the models of this program usable, and the academy where that is what is asked for; None asks for none."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from analytics.models import Organisation

    call_command("migrate", verbosity=0)
    if organisation is not None and not Organisation.objects.filter(slug=organisation).exists():
        if organisation != "academy":
            sys.exit(f"There is no organisation {organisation!r} in this database: import it, or set NEURALINK_HOME.")
        call_command("create_academy")


def _measure_one(case: str, algorithm: str, arguments: argparse.Namespace) -> Iterator[Measurement]:
    from recommender.models import Run

    done = _train(algorithm, arguments)
    run = Run.objects.get(pk=done["run_id"])

    def one(name: str, value: float, unit: str, peer_value: float | None = None) -> Measurement:
        return Measurement("train", case, name, value, unit, PEER if peer_value is not None else None, peer_value)

    yield one("seconds", done["seconds"], "s")
    yield one("fit_seconds", run.fit_seconds or 0.0, "s")
    yield one("peak_memory_bytes", run.peak_memory_bytes or 0, "B")
    yield one("version_bytes", run.version.n_bytes, "B")
    for name in ("n_learners", "n_activities", "n_interactions", "n_tested"):
        yield one(name, run.data[name], name.removeprefix("n_"))
    for name in MEASURES:
        peer_value = None if algorithm == PEER else run.baseline_metrics[name]
        yield one(name, run.metrics[name], "share", peer_value)


def _train(algorithm: str, arguments: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable,
        "manage.py",
        "train",
        algorithm,
        "--organisation",
        arguments.organisation,
        "--no-promote",
    ]
    command += ["--seed", str(arguments.seed)] + (["--course", arguments.course] if arguments.course else [])
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed; it says above why.")
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary
