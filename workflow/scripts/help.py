"""Print what one can ask Snakemake for."""

print(snakemake.params.targets)
