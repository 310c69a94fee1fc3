"""Settings of the tests as a whole."""

from hypothesis import settings

# examples are judged by what they show, never by the clock of a busy machine
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
