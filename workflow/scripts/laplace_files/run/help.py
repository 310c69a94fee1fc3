"""What one can ask Snakemake for: every rule with what it makes, from the rules themselves."""

from snakemake.io import strip_wildcard_constraints


def target_lines(rules) -> str:
    """Return two lists, of the rules that can be named and of the files that can, with a line each.

    `rules` are Snakemake's, in the order of the workflow; what a rule makes is its docstring. A
    rule with wildcards cannot be named on the command line, and a file that it makes can.
    """
    rules = sorted(rules, key=lambda rule: rule.name != "all")
    named = [(_command(rule), _first_line(rule)) for rule in rules if not rule.has_wildcards()]
    files = [
        f"  {_without_braces(path)}\n      {_first_line(rule)}"
        for rule in rules
        if rule.has_wildcards()
        for path in rule.output[:1]
    ]
    return "\n".join(
        [
            "",
            "Targets:",
            *_aligned(named),
            "",
            "One artifact, with names of the configuration in place of <...>: snakemake PATH",
            *files,
            "",
            "snakemake -n shows what would be done, --configfile FILE lays a file of yours over",
            "the configuration, --report report.zip packs pictures and tables to hand on.",
            "",
        ]
    )


def _command(rule) -> str:
    return "snakemake" if rule.name == "all" else f"snakemake {rule.name}"


def _without_braces(path) -> str:
    """Return "results/<model>/..." for "results/{model}/...": Snakemake would fill braces in."""
    return strip_wildcard_constraints(str(path)).replace("{", "<").replace("}", ">")


def _first_line(rule) -> str:
    return (rule.docstring or "").strip().split("\n")[0]


def _aligned(pairs) -> list[str]:
    width = max((len(left) for left, _ in pairs), default=0)
    return [f"  {left.ljust(width)}  {right}" for left, right in pairs]
