"""Exercises 1 to 4 of the chapter, answered from the artifacts of the cases that they look at."""
