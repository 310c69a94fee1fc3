"""Posteriors whose truth is known, and what is stated of them held against it."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy: seconds of one thread
    os.environ.setdefault(name, "1")
