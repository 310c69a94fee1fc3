"""The mode of a log density: searches, the proof that it is one, and why there is none."""
