"""Other people's recommenders on the same split, in an environment of their own that this makes once."""

import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.peer_program import DESCRIBED, PEERS
from bench.record import ROOT
from recommender.datasets.interactions import Index
from recommender.datasets.splits import Split
from recommender.evaluation import metrics
from recommender.evaluation.protocol import CUTOFFS

# RecTools brings pm-implicit, the kept-up release of implicit. LensKit wants another NumPy, so it lives apart. On Linux
# the torch of PyPI brings CUDA (2 GB); where pip finds a build without it (2.13.0+cpu), it takes that.
ENVIRONMENTS = {
    "peers": ("RecTools[torch]==0.19.0", "torch==2.13.0"),
    "peers-lenskit": ("lenskit==2025.8.1", "torch==2.13.0"),
}
N_THREADS = os.cpu_count() or 1
__all__ = ["DESCRIBED", "PEERS", "PeerResult", "measure_peer"]


@dataclass(frozen=True)
class PeerResult:
    metrics: dict[str, float]  # ndcg_10 ... as in recommender.evaluation.metrics
    fit_seconds: float
    fit_processor_seconds: float  # of all its threads
    score_seconds: float  # the best 100 of everybody who is tested


def measure_peer(
    name: str, split: Split, n_threads: int = N_THREADS, budget_seconds: float | None = None
) -> PeerResult:
    """Fit and ask one peer in a process of its own; measured by this project's formulas on the lists that it gives.

    A network stops training after `budget_seconds`, as ours do.
    """
    python = _environment("peers-lenskit" if name.startswith("lenskit") else "peers")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "split.npz"), Path(folder, "lists.npz")
        _write(source, split)
        program = Path(__file__).with_name("peer_program.py")
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1" if name.startswith("implicit") else str(n_threads)}
        command: list[str | Path] = [python, program, name, source, target, str(n_threads), str(budget_seconds or 0)]
        subprocess.run(command, env=environment, check=True)
        with np.load(target) as found:
            lists = found["lists"].astype(np.int32)
            seconds = (float(found[name]) for name in ("fit_seconds", "fit_processor_seconds", "score_seconds"))
            return PeerResult(_figures(lists, split), *seconds)


def _environment(name: str) -> Path:
    home = Path(os.environ.get("NEURALINK_HOME", ROOT / "var")) / name
    python = home / "bin" / "python"
    if not python.exists():
        print(f"Making an environment of peers in {home}, once.", file=sys.stderr)
        venv.create(home, with_pip=True)
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *ENVIRONMENTS[name]], check=True)
    return python


def _write(path: Path, split: Split) -> None:
    train = split.train.sequences()
    np.savez(
        path,
        n_learners=split.train.n_learners,
        n_activities=split.train.n_activities,
        train_offsets=train.offsets,
        train_activities=train.activity_index,
        input_offsets=split.test_inputs.offsets,
        input_activities=split.test_inputs.activity_index,
        features=split.train.shared_features(),
        tested=split.tested,
    )


def _figures(lists: Index, split: Split) -> dict[str, float]:
    """An activity that is not in the list ranks last; no measure with a cutoff can tell."""
    targets, n_activities = split.test_targets, split.train.n_activities
    place = np.full(len(targets.activity_index), n_activities, np.int64)
    hit, position = (lists[targets.owner] == targets.activity_index[:, None]).nonzero()
    place[hit] = position + 1
    candidates = n_activities - split.test_inputs.lengths
    per_learner = metrics.measures(place, targets.owner, targets.lengths, candidates, CUTOFFS)
    with_cutoff = [name for name in per_learner if name.rpartition("_")[2].isdigit()]
    return {name: float(per_learner[name].mean()) for name in with_cutoff}
