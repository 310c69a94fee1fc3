"""Which outputs on disk the configuration of today needs, and which are left over from another.

What is needed is known three ways, so that no damaged record makes an output look left over: by
the records of what is asked for, by the paths that the configuration needs, and by the sweeps that
there are.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from laplace_files.artifacts.disk import Disk, there
from laplace_files.artifacts.provenance_path import RESULTS, record_path

MANIFEST = "results/manifest.json"
OWN = (MANIFEST, "results/manifest-sha256.txt")  # not listed: itself, nor what is said about it
KINDS = ("model", "prior", "space", "grid")

# an output -> the rule that would make it now, with the wildcards; None where none would
Makes = Callable[[str], tuple[str, dict] | None]


class Standing(NamedTuple):
    """Outputs that are `wanted`, on disk or not; `is_left_over` says it of a path that is not."""

    wanted: set[str]
    is_left_over: Callable[[str], bool]


def needed(targets: Iterable[str], records: dict[str, dict]) -> set[str]:
    """Return the targets and every output that they rest on, as far as the records tell.

    A manifest rests on all that the configuration asked for when it was made: that is not followed.
    """
    seen, waiting = set(), list(targets)
    while waiting:
        path = waiting.pop()
        if path not in seen and record_path(path) is not None:
            seen.add(path)
            if path not in OWN:
                waiting.extend(records.get(path, {}).get("inputs", ()))
    return seen


def standing_of(targets: Iterable[str], needs: Iterable[str], disk: Disk, makes: Makes) -> Standing:
    """Return what is wanted, and what is left over, among the outputs on disk.

    `targets` are asked for by every run; `needs` are further outputs of the configuration.
    """
    asked = needed(targets, disk.records)
    jobs = {_job(origin) for path in {*asked, *needs} if (origin := makes(path))}
    rules = {rule for rule, _ in jobs}
    cases = [dict(wildcards) for _, wildcards in jobs if "model" in dict(wildcards)]

    def is_left_over(path: str) -> bool:
        """Return whether nothing asks for an output, and its rule or its case was removed.

        A rule that is asked for, with other wildcards, would make it if the configuration asked
        for it. Of a rule that only a person asks for (a sweep, a crate), what belongs to a case is
        kept as long as the case is.
        """
        origin = makes(path)
        if origin is None or _job(origin) in jobs:
            return origin is None
        rule, wildcards = origin
        of_a_case = "model" in wildcards
        return rule in rules or (of_a_case and not any(_is_of(wildcards, each) for each in cases))

    kept = [path for path in disk.records if path not in asked and not is_left_over(path)]
    swept = needed(_of_sweeps(kept, disk), disk.records)
    return Standing(asked | swept | _halves(kept, disk), is_left_over)


def _job(origin: tuple[str, dict]) -> tuple:
    rule, wildcards = origin
    return rule, frozenset(wildcards.items())


def _is_of(wildcards: dict, case: dict) -> bool:
    """Return whether wildcards are of a case, which may say less than all of one."""
    return all(case.get(key) == wildcards[key] for key in KINDS if key in wildcards)


def _of_sweeps(kept: list[str], disk: Disk) -> list[str]:
    """Return the outputs, there or not, of the sweeps of which there is anything on disk."""
    sweeps = {path: disk.records[path]["wildcards"].get("sweep") for path in kept}
    alive = {sweep for sweep in sweeps.values() if sweep and there(RESULTS / "sweeps" / sweep)}
    return [path for path, sweep in sweeps.items() if sweep in alive]


def _halves(kept: list[str], disk: Disk) -> set[str]:
    """Return the outputs that are gone while another one of the same job is there."""
    records = {path: disk.records[path] for path in kept}
    jobs = {path: _job((each["rule"], each["wildcards"])) for path, each in records.items()}
    done = {job for path, job in jobs.items() if disk.files[path] is not None}
    return {path for path, job in jobs.items() if disk.files[path] is None and job in done}
