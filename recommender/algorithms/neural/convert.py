"""`python -m recommender.algorithms.neural.convert STORED FLATBUFFER`: see `export`, which starts it."""

import sys
from importlib import import_module
from pathlib import Path

import keras

from recommender.algorithms.neural.export import write

if __name__ == "__main__":
    stored, flatbuffer = (Path(word) for word in sys.argv[1:])
    import_module("recommender.algorithms.neural.layers")  # a stored network finds its layers by their names
    write(keras.saving.load_model(stored, compile=False), flatbuffer)
