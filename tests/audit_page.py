"""Make docs/audit.md: what the audit does, and every law with its formula and its limit.

.venv/bin/python tests/audit_page.py
"""

import sys

from project_copy import PROJECT

sys.path.insert(0, str(PROJECT / "workflow" / "scripts"))

from laplace_audit.catalogue import LAWS

PAGE = PROJECT / "docs" / "audit.md"
HEAD = """\
# The audit

```
snakemake audit
```

recomputes from disk every law that an artifact must satisfy, with code that does not call the
code that made it, and writes `results/audit.json`: one entry for each file and law with what was
measured, what is allowed, and the command that makes the file again. Where a law is broken the
command fails, after everything is written, and prints one line for each: file, law, value, limit,
command.

- It runs whenever it is asked for, also where Snakemake sees nothing to do: an edited file may
  keep its time. That is why the rule `audit` has no output of its own.
- It looks at what is there as it is. Only artifacts that are absent are made first; nothing is
  remade from a file that was edited before that file was looked at.
- `results/audit.json` as a file, for a page or a script that needs it, is made by the rule
  `laws`, from all artifacts and only when one of them is newer, and is written whether laws are
  broken or not.
- An artifact that cannot be read, or that does not keep its schema, is of no use to those that
  rest on it: they are then said to rest on what is not fit for use. The first line is the cause.
- Once there is a `results/audit.json`, it is an input of the page: after an audit with another
  outcome the next `snakemake` sets the page anew (and the manifest, which lists it), and one that
  makes an artifact anew makes `laws` again before the page. An audit that finds the same writes
  nothing, and then nothing is made anew.
- An artifact of a case that the configuration no longer asks for is left over: it is counted
  apart from the broken laws, as what `results/` holds and the configuration does not state, and
  the audit fails until `snakemake repair` removes it. So does a file below `results/` that has no
  record and that nothing makes; no command removes that one, since it may be yours: move it
  elsewhere.
- Whether a file is, byte for byte, the one that its job left is told by its record (the first
  law), not by its content.

What the audit takes as given is the model: the log likelihood, and the formulas of derived
quantities, are called from the model file, after its SHA-256 was held against the one recorded.
Everything else is written anew in `workflow/scripts/laplace_audit/`: densities of priors are
SciPy's, derivatives are differences of eighth order in whitened coordinates, draws are those of
the recorded generator and seed, derived quantities are measured by bisection along lines, and
distances are summed in extended precision.

What no law sees: the answers of a remedy beyond their arithmetic (that its values increase, what
they are held against, what they cost), the signals and the number of copies needed, which are
only held to be the same wherever they are repeated, sentences, and pictures.
[`mutations.md`](mutations.md) lists what was tried.

Of sweeps, `snakemake audit` looks at every one of the configuration of which there are tables,
and writes `results/sweeps/NAME/audit.json`. The scenarios, their definitions and their keys are
found anew from the configuration. What rows say of each other (the matrices of a normal, the
order of quantiles, verdicts from errors, effects from quantiles, the same record for every
seed) is held for every scenario. What needs the model (the laws of a case) is held for as many
different posteriors as the sweep's key `recomputed` says, with one scenario each, or for `all`
scenarios. Cells that were not kept are computed from the stored lattice; without the stored
marginals a parameter is measured along the lines of the lattice, as a derived quantity is. No
law sees what a sweep does not keep: the record of the remedies, modes in other spaces, whether
importance draws serve where there is no grid, and above 50 parameters the matrices of the
normal with all that rests on them.

`d` is the number of parameters, `eps` 2.2e-16, `n` the number of draws; `u` are coordinates in
which the normal is standard, `L` the Cholesky factor of the covariance `C`, `H` the Hessian of
the log density. "Of its size" is relative to the value, or to one where that is smaller.
"""


def page() -> str:
    """Return the page: the laws by family, in the order of the catalogue."""
    parts = [HEAD]
    for family in dict.fromkeys(law.family for law in LAWS.values()):
        parts.append(f"\n## {family}\n\n| law | what it says | limit, and why |\n|---|---|---|")
        for name, law in LAWS.items():
            if law.family == family:
                parts.append("| " + " | ".join(map(_cell, (name, law.means, law.limit))) + " |")
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
