"""Parameters that were chosen for a data set, each on a validation part of its training data and never on its test.

What `make bench ARGS="quality --dataset D --tuned"` measures. MovieLens-1M: the event before the last of everybody.
MOOCCubeX: the last sound row of each training list, of 20,000 learners. OULAD: time splits inside that of the test, of
networks and `blend` in AAA, BBB-2013J and GGG-2014J (of `target_steps` in AAA alone), of `boosted_ranker` in ten
presentations, of the others in BBB-2013J alone; the same for every presentation.
"""

from typing import Any


def _member(name: str, config: dict[str, Any]) -> str:
    """As a blend names its members."""
    return ":".join([name, *(f"{parameter}={value}" for parameter, value in config.items())])


_PRESENTATION_LINEAR = {"half_life_days": 4.0, "intercept": True, "regularization": 3000.0}
_OF_TODAY = {"half_life_days": 1.0}
_PRESENTATION_GRU4REC = {"target_steps": 4.5, **_OF_TODAY}
_PRESENTATION_SASREC = {"time_ages": True, **_PRESENTATION_GRU4REC, "epochs": 40, "patience": 40}
_PRESENTATION: dict[str, dict[str, Any]] = {
    "popularity": {"half_life_days": 2.0},
    "sequential_linear": _PRESENTATION_LINEAR,
    "gru4rec": _PRESENTATION_GRU4REC,
    "caser": _OF_TODAY,
    "sasrec": _PRESENTATION_SASREC,
    "boosted_ranker": {
        "members": ",".join(
            (
                _member("sequential_linear", _PRESENTATION_LINEAR),
                _member("sequential_linear", {"long_steps": 20, "target_steps": 10, "regularization": 300}),
                "ease",
            )
        ),
        "instants": 12,
        "epochs": 200,
        "learning_rate": 0.05,
        "feature_share": 0.2,
    },
    "blend": {
        "members": ",".join(
            (_member("gru4rec", _PRESENTATION_GRU4REC), _member("sequential_linear", _PRESENTATION_LINEAR))
        ),
        "held_out": "later",
        "held_out_share": 1.0,
    },
}

_MOVIELENS_LINEAR = {
    "short_steps": 0.5,
    "middle_steps": 3.0,
    "long_steps": 20.0,
    "regularization": 250.0,
    "neighbours": 4096,
}
# Beside a network the weakest weights add nothing.
_MOVIELENS_MEMBER = {**_MOVIELENS_LINEAR, "neighbours": 2048}
_MOVIELENS_SASREC = {"embedding_size": 128, "blocks": 3, "dropout": 0.35, "negatives": 1024}

# Only what looks back: the broken row names the answer that its list is without, so whoever learns from both sides
# learns that a list with this row does not hold the answer (see bench.datasets.mooccubex).
_MOOC_LINEAR = {
    "short_steps": None,
    "middle_steps": 5.0,
    "long_steps": 40.0,
    "target_steps": 1.4,
    "length_power": 0.5,
    "regularization": 600.0,
    "neighbours": 4096,
}
# Every list ends with a broken row, so the network must not trust the latest event: 0.161 with noise, 0.128 without
# (validation, after six epochs).
_MOOC_SASREC = {
    "embedding_size": 128,
    "dropout": 0.2,
    "learning_rate": 0.002,
    "batch_size": 128,
    "max_length": 50,
    "negatives": 512,
    "noise_share": 0.3,
    "epochs": 30,
}

_CLEAN_LINEAR = {"short_steps": 1.0, "middle_steps": 10.0, "target_steps": 3.0, "length_power": 0.5}
_CLEAN_SASREC = {**_MOOC_SASREC, "noise_share": 0.0, "epochs": 12}

TUNED: dict[str, dict[str, dict[str, Any]]] = {
    "ml-1m": {
        "sequential_linear": _MOVIELENS_LINEAR,
        "sasrec": _MOVIELENS_SASREC,
        "ials": {"unobserved_weight": 1.0, "epochs": 4},
        "blend": {
            "members": ",".join((_member("sasrec", _MOVIELENS_SASREC), _member("sequential_linear", _MOVIELENS_MEMBER)))
        },
    },
    "mooccubex": {
        "sequential_linear": _MOOC_LINEAR,
        "sasrec": _MOOC_SASREC,
        "blend": {
            "members": ",".join((_member("sasrec", _MOOC_SASREC), _member("sequential_linear", _MOOC_LINEAR))),
            "held_out": "any",
        },
    },
    "mooccubex-clean": {
        "sequential_linear": _CLEAN_LINEAR,
        "sasrec": _CLEAN_SASREC,
        "blend": {
            "members": ",".join((_member("sasrec", _CLEAN_SASREC), _member("sequential_linear", _CLEAN_LINEAR))),
            "held_out": "any",
        },
    },
}


def tuned(dataset: str, algorithm: str) -> dict[str, Any]:
    """Empty where nothing was chosen: the defaults."""
    of_dataset = _PRESENTATION if dataset.startswith("oulad-") else TUNED.get(dataset, {})
    return dict(of_dataset.get(algorithm, {}))
