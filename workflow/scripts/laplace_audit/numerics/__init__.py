"""The audit's own mathematics: a second opinion that shares no code with the core."""
