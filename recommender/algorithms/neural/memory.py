"""What training a network takes, in bytes; above all what grows with the data. No Keras here."""

from recommender.algorithms.neural.config import NeuralConfig

_FRAMEWORK = 2**30
_COPIES = 7  # of each weight: itself, gradient, two moments, running mean, best so far, one in passing


def sequence_bytes(
    config: NeuralConfig,
    n_parameters: int,
    numbers_per_event: int,
    shape: tuple[int, int],
    negatives: int,
    max_length: int,
) -> int:
    """Of a network that reads windows of `max_length` events; `shape` is (n_activities, n_interactions)."""
    n_activities, n_interactions = shape
    per_event = numbers_per_event + 3 * min(n_activities, 4 * negatives)
    activations = config.batch_size * max_length * per_event
    weights = n_parameters + config.embedding_size * n_activities
    return 4 * (_COPIES * weights + 2 * activations) + 32 * n_interactions + _FRAMEWORK


def bag_bytes(config: NeuralConfig, n_parameters: int, shape: tuple[int, int], max_length: int) -> int:
    """Of a network that reads bags and answers for the whole catalogue; `shape` is (n_activities, n_interactions)."""
    n_activities, n_interactions = shape
    activations = config.batch_size * (4 * n_activities + 3 * max_length * config.embedding_size)
    return 4 * (_COPIES * n_parameters + 2 * activations) + 32 * n_interactions + _FRAMEWORK
