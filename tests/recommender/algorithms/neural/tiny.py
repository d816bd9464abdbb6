"""Parameters of networks small enough for a test."""

TINY = {
    "embedding_size": 16,
    "dropout": 0.2,
    "learning_rate": 0.02,
    "batch_size": 16,
    "epochs": 14,
    "patience": 14,
}
TINY_SEQUENCE = {**TINY, "max_length": 8}
