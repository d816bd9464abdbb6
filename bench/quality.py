"""How well recommenders rank what learners did next, with popularity on the same split beside each figure.

With `--peers` the best of other people's recommenders on the same split in the same run stands there instead.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import effort, growth_plot, newcomers, smaller
from bench.datasets import DATASETS, DataMissing
from bench.peers import DESCRIBED, PEERS, PeerResult, measure_peer
from bench.record import Measurement
from bench.tuned import tuned
from recommender.algorithms.base import Algorithm, FitOptions, Progress
from recommender.algorithms.blend import Blend
from recommender.algorithms.catalogue import ALGORITHMS, build
from recommender.datasets.splits import Split
from recommender.evaluation.bootstrap import interval
from recommender.evaluation.protocol import evaluate, protocol_hash

QUICK = ("--dataset", "toy", "--algorithms", "popularity,ease")
MEASURES = ("ndcg_10", "hr_10", "recall_20", "mrr", "coverage_10")
PEER = "popularity"
QUALITY_UNIT = "share"  # of what depends on what was asked, and by which rules
# Whose fit is timed beside ours.
COUNTERPARTS = {
    "ials": "implicit_als",
    "item_knn": "implicit_knn",
    "ease": "rectools_ease",
    "sasrec": "rectools_sasrec",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    about = "; ".join(f"{name}: {dataset.about}" for name, dataset in DATASETS.items() if "-20" not in name)
    parser.add_argument("--dataset", default="toy", help=f"one or more, with commas. {about}; oulad-BBB-2013J ...")
    parser.add_argument("--algorithms", default=",".join(ALGORITHMS), help="with commas; default: all")
    parser.add_argument("--peers", default="", help=f"with commas, or all; known: {', '.join(PEERS)}")
    parser.add_argument("--effort", action="store_true", help="also: EASE beside the bare solve, and growth")
    parser.add_argument("--smaller", action="store_true", help="also: in int8 and as a student, before and after")
    parser.add_argument("--set", nargs="+", default=[], metavar="ALGORITHM.PARAMETER=VALUE", help="not the default")
    parser.add_argument("--tuned", action="store_true", help="with what was chosen for the data set: bench/tuned.py")
    parser.add_argument("--members", action="store_true", help="also each member of a blend, as it is in the blend")
    parser.add_argument("--working-folder", type=Path, help="keep checkpoints there, and go on from them after a kill")
    parser.add_argument("--trained-on", default="", metavar="MACHINE", help="what made the working folder; told beside")
    parser.add_argument(
        "--newcomers",
        nargs="?",
        const="2014J",
        choices=newcomers.TERMS,
        help="instead: what learners begin with who have met nothing, at the beginning of that term of OULAD",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget-seconds", type=float, default=None, help="of each training that iterates")
    parser.add_argument(
        "--peer-budget-seconds", dest="peer_budget", type=float, default=None, help="of those of peers, if another"
    )


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    measured = []
    for one in _newcomers(arguments) if arguments.newcomers else _measure_all(arguments):
        measured.append(one)
        yield one
    if arguments.effort:
        print(f"Growth is drawn in {growth_plot.draw(measured)}", file=sys.stderr)


def _newcomers(arguments: argparse.Namespace) -> Iterator[Measurement]:
    configs = {name: _config(name, arguments.set) for name in arguments.algorithms.split(",")}
    options = FitOptions(arguments.seed, budget_seconds=arguments.budget_seconds, progress=_tell)
    try:
        yield from newcomers.measure(arguments.newcomers, configs, options)
    except DataMissing as missing:
        print(f"Skipped: {missing}", file=sys.stderr)


def _measure_all(arguments: argparse.Namespace) -> Iterator[Measurement]:
    for dataset in arguments.dataset.split(","):
        if dataset not in DATASETS:
            sys.exit(f"There is no data set {dataset!r}. Known: {', '.join(DATASETS)}.")
        cases = _cases(dataset, arguments)
        if not cases:
            continue
        try:
            split = DATASETS[dataset].split()
        except DataMissing as missing:
            print(f"Skipped {dataset}: {missing}", file=sys.stderr)
            continue
        protocol = protocol_hash(split)
        for line in _on_split(dataset, split, cases, arguments):
            yield replace(line, protocol=protocol) if line.unit == QUALITY_UNIT else line


def _on_split(
    dataset: str, split: Split, cases: Mapping[str, tuple[str, dict[str, Any]]], arguments: argparse.Namespace
) -> Iterator[Measurement]:
    """Peers first, then each case beside the best of them."""
    beside = {PEER: evaluate(build(PEER).fit(split.train), split).metrics}
    seconds: dict[str, dict[str, float]] = {}
    for name in PEERS if arguments.peers == "all" else filter(None, arguments.peers.split(",")):
        if name == DESCRIBED and split.train.activity_features is None:
            print(f"Skipped {name}: nothing describes the activities of {dataset}.", file=sys.stderr)
            continue
        budget = arguments.budget_seconds if arguments.peer_budget is None else arguments.peer_budget
        found = measure_peer(name, split, budget_seconds=budget)
        yield from _lines_of_peer(f"{dataset}/{DATASETS[dataset].protocol}/{name}", found)
        beside[name], seconds[name] = found.metrics, _fit_seconds(found)
    for case, (name, config) in cases.items():
        peer = COUNTERPARTS.get(name, "")
        for line in _measure_one(case, name, config, split, beside, arguments):
            theirs = seconds.get(peer, {}).get(line.measure) if line.peer is None else None
            yield line if theirs is None else replace(line, peer=peer, peer_value=theirs)


def _cases(dataset: str, arguments: argparse.Namespace) -> dict[str, tuple[str, dict[str, Any]]]:
    """By name: algorithm and what of its config is not the default."""
    found = {}
    for name in arguments.algorithms.split(","):
        config = (tuned(dataset, name) if arguments.tuned else {}) | _config(name, arguments.set)
        case = f"{dataset}/{DATASETS[dataset].protocol}/{name}"
        if not arguments.case or case in arguments.case:
            changed = ",".join(f"{parameter}={value}" for parameter, value in config.items())
            told = f"{case}[{changed}]" if changed else case
            found[f"{told}@{arguments.trained_on}" if arguments.trained_on else told] = (name, config)
    return found


def _config(name: str, settings: list[str]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for setting in settings:
        place, _, text = setting.partition("=")
        algorithm, _, parameter = place.partition(".")
        if algorithm == name:
            config[parameter] = _value(text)
    return config


def _value(text: str) -> int | float | str | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None if text in {"", "none"} else text


def _measure_one(
    case: str,
    name: str,
    config: dict[str, Any],
    split: Split,
    peers: Mapping[str, Mapping[str, float]],
    arguments: argparse.Namespace,
) -> Iterator[Measurement]:
    # Of another recipe, a checkpoint there is no harm: it is passed over.
    folder = arguments.working_folder and arguments.working_folder / case.partition("[")[0].partition("@")[0].replace(
        "/", "-"
    )
    is_fresh = folder is None or not folder.exists()
    options = FitOptions(arguments.seed, budget_seconds=arguments.budget_seconds, progress=_tell, working_folder=folder)
    began, processor_began = time.perf_counter(), time.process_time()
    fitted = build(name, config).fit(split.train, options)
    fit_seconds, processor_seconds = time.perf_counter() - began, time.process_time() - processor_began
    yield from _figures(case, fitted, split, peers, arguments.seed)
    yield effort.scoring(case, fitted, split)
    if is_fresh:  # the seconds of the rest of a training are not those of a training
        yield Measurement("quality", case, "fit_seconds", fit_seconds, "s")
        yield Measurement("quality", case, "fit_processor_seconds", processor_seconds, "s")
    if arguments.members and isinstance(fitted, Blend):
        for text, member in zip(config.get("members", fitted.config.members).split(","), fitted.members(), strict=True):
            yield from _figures(f"{case}/{text.strip()}", member, split, peers, arguments.seed)
    quiet = FitOptions(seed=arguments.seed, budget_seconds=arguments.budget_seconds)
    if arguments.smaller:
        yield from smaller.measure(case, name, config, split, quiet)
    if arguments.effort:
        yield from effort.measure(case, lambda: build(name, config), split, quiet)


def _figures(
    case: str, fitted: Algorithm, split: Split, peers: Mapping[str, Mapping[str, float]], seed: int
) -> Iterator[Measurement]:
    began = time.perf_counter()
    found = evaluate(fitted, split)
    evaluate_seconds = time.perf_counter() - began
    for key in MEASURES:
        # With other people's there, our own popularity is none of them.
        known = [peer for peer in peers if key in peers[peer]]
        best = max([peer for peer in known if peer != PEER] or known, key=lambda peer: peers[peer][key])
        beside = (None, None) if fitted.name == best else (best, peers[best][key])
        yield Measurement("quality", case, key, found.metrics[key], "share", *beside)
    sure = interval(found.per_learner["ndcg_10"], seed=seed)
    yield Measurement("quality", case, "ndcg_10_low", sure.low, "share")
    yield Measurement("quality", case, "ndcg_10_high", sure.high, "share")
    yield Measurement("quality", case, "evaluate_seconds", evaluate_seconds, "s")
    state_bytes = sum(array.nbytes for array in fitted.state().values())
    yield Measurement("quality", case, "state_bytes", state_bytes, "B")
    yield Measurement("quality", case, "answer_ms", smaller.answer_ms(fitted, split), "ms")
    yield Measurement("quality", case, "n_learners", found.n_learners, "learners")


def _lines_of_peer(case: str, found: PeerResult) -> Iterator[Measurement]:
    for key in MEASURES:
        if key in found.metrics:
            yield Measurement("quality", case, key, found.metrics[key], "share")
    for key, value in _fit_seconds(found).items():
        yield Measurement("quality", case, key, value, "s")
    yield Measurement("quality", case, "evaluate_seconds", found.score_seconds, "s")


def _fit_seconds(found: PeerResult) -> dict[str, float]:
    return {"fit_seconds": found.fit_seconds, "fit_processor_seconds": found.fit_processor_seconds}


def _tell(progress: Progress) -> None:
    if progress.epoch and progress.message.endswith("done"):
        validation = " ".join(f"{name} {value:.4f}" for name, value in progress.validation.items())
        print(
            f"epoch {progress.epoch} of {progress.n_epochs}, loss {progress.loss or 0:.4f}, {validation}",
            file=sys.stderr,
        )
