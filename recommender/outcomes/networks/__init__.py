"""Predictors that train in Keras 3; they answer with NumPy. Keras is imported only inside `fit`."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
