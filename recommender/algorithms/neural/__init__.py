"""Recommenders that train in Keras 3. Their modules import it only inside `fit`.

Models are written in `keras.ops` alone, so that another back end (JAX) can take TensorFlow's place.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its start-up notices help nobody who reads a training log
