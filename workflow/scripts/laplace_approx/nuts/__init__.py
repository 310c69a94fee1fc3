"""Draws by the No-U-Turn sampler, their gates, and the comparison with grid and normal."""
