# Beyond one machine (--profile profiles/slurm), the chunks of sweeps are submitted. A job of any other rule
# takes a second or two, less than it takes to submit one: it runs where Snakemake runs. The call is what the
# directive `localrules` stands for, which cannot name "all but these". Included last, when all rules are known.

SUBMITTED = {"sweep_chunk"}

workflow.localrules(*(rule.name for rule in workflow.rules if rule.name not in SUBMITTED))
