"""Every number that the workflow states, held against posteriors whose truth is known.

    .venv/bin/python benchmarks/lies.py [--number N] [--seed S] [--kinds KIND ...]
        [--only KIND:SEED ...] [--quick] [--processes N] [--seconds S] [--json OUT] [--list]

A lie is a stated value whose true error exceeds twice the stated one (five times the standard
error of draws) by more than the truth itself is known to; it is large if it exceeds 1e-4 SD,
probability or nats too. Also counted: verdicts that are sure and wrong, posteriors that could be
judged and are not, tracebacks, and those that ran out of time. `--quick` leaves out the
remedies. Exits with 1 if anything is false.
"""

import argparse
import json
import multiprocessing
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from statistics import median

from known.holding import hold
from known.kinds import KINDS, listed, make
from known.steps import stated
from known.truth import PROBABILITIES

TOLERANCE = 0.1


class OutOfTime(BaseException):
    """The time for one posterior is over; not an Exception, so that no step takes it for one."""


def _over(*_):
    raise OutOfTime


def examine(task: tuple) -> dict:
    """Return what was found at one posterior, as plain JSON."""
    kind, seed, quick, seconds = task
    found = {"kind": kind, "seed": seed, "status": "held"}
    signal.signal(signal.SIGPROF, _over)
    warnings.simplefilter("ignore")
    try:
        known = make(kind, seed)
        if known is None:
            return {**found, "status": "vague"}
        found["settings"] = known.settings
        found["dimension"] = known.dimension
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, seconds)
        said = stated(known, PROBABILITIES, TOLERANCE, not quick)
        signal.setitimer(signal.ITIMER_PROF, 0)
        found["seconds"] = time.process_time() - start
        found.update(_told(hold(known, said), said))
    except OutOfTime:
        found.update(status="out of time", seconds=seconds)
    except Exception:
        found.update(status="traceback", traceback=traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return found


def _told(findings, said) -> dict:
    lies = sorted((each for each in findings.held if each.lie), key=lambda h: -_size(h))
    verdicts = {name: each["verdict"] for name, each in said.verdict["quantities"].items()}
    return {
        "held": len(findings.held),
        "lies": [
            {**each._asdict(), "off": each.off, "ratio": each.ratio, "large": each.large}
            for each in lies
        ],
        "without_error": findings.without_error,
        "wrong": findings.wrong,
        "unjudged": findings.unjudged,
        "certified": said.grid["certified"],
        "declined": said.curvature["reason"],
        "verdicts": verdicts,
    }


def _size(held) -> float:
    return min(held.off, 1e9)


def run(tasks: list[tuple], processes: int):
    """Yield what was found at every posterior, as it comes."""
    if processes == 1:
        yield from map(examine, tasks)
        return
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=25) as pool:
        yield from pool.imap_unordered(examine, tasks)


COLUMNS = (
    *("kind", "n", "held", "lie", "lies", "large", "sure", "wrong", "unjudged"),
    *("failed", "late", "vague", "cpu"),
)


def table(results: list[dict]) -> str:
    """Return the table by kind: posteriors, and of them those with lies, wrong verdicts, ..."""
    kinds = sorted({each["kind"] for each in results}, key=list(KINDS).index)
    rows = [_row(kind, [e for e in results if e["kind"] == kind]) for kind in kinds]
    rows.append(_row("all", results))
    wide = [max(len(str(row[i])) for row in (COLUMNS, *rows)) for i in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(str(cell).rjust(w) if i else str(cell).ljust(w) for i, (cell, w) in line)
        for line in (list(enumerate(zip(row, wide, strict=True))) for row in (COLUMNS, *rows))
    )


def _row(kind: str, found: list[dict]) -> tuple:
    held = [each for each in found if each["status"] == "held"]
    large = [each for each in held if any(lie["large"] for lie in each["lies"])]

    def of(status: str) -> int:
        return sum(each["status"] == status for each in found)

    cpu = f"{median(each['seconds'] for each in held):.2f}" if held else "-"
    return (
        *(kind, len(found), sum(each["held"] for each in held)),
        sum(bool(each["lies"]) for each in held),
        sum(len(each["lies"]) for each in held),
        len(large),
        sum(bool(each["certified"]) for each in large),
        sum(bool(each["wrong"]) for each in held),
        sum(bool(each["unjudged"]) for each in held),
        *(of("traceback"), of("out of time"), of("vague"), cpu),
    )


def by_what(results: list[dict]) -> list[str]:
    """Return one line for each thing stated: lies, large ones, and in how many posteriors."""
    lies = [(lie, f"{e['kind']}:{e['seed']}") for e in results for lie in e.get("lies", ())]
    lines = []
    for what in sorted({lie["what"] for lie, _ in lies}):
        mine = [(lie["large"], name) for lie, name in lies if lie["what"] == what]
        large = [name for is_large, name in mine if is_large]
        lines.append(
            f"{what}: {len(mine)} in {len({name for _, name in mine})} posteriors, "
            f"{len(large)} large in {len(set(large))}"
        )
    return lines


def worst(results: list[dict], number: int = 10) -> list[str]:
    """Return the largest lies in words, one a posterior."""
    said = []
    for each in results:
        for lie in each.get("lies", [])[:1]:
            text = (
                f"{each['kind']}:{each['seed']} {lie['what']} of {lie['of']}: {lie['value']:.10g} "
                f"+- {lie['error']:.2g}, true {lie['truth']:.10g} (off {lie['off']:.2g}, "
                f"{lie['ratio']:.2g} errors){' certified' if each['certified'] else ''}"
            )
            said.append((min(lie["off"], 1e9), text))
    return [text for _, text in sorted(said, key=lambda pair: -pair[0])[:number]]


def told(each: dict) -> str:
    """Return one line on one posterior."""
    name = f"{each['kind']}:{each['seed']}"
    if each["status"] != "held":
        last = each.get("traceback", "").strip().splitlines()[-1:]
        return f"{name} {each['status']} {' '.join(last)}"
    large = sum(lie["large"] for lie in each["lies"])
    parts = [f"{name} {each['seconds']:.2f} s, {each['held']} held, {len(each['lies'])} lies"]
    parts += [f"{large} large"] if large else []
    parts += [f"WRONG {text}" for text in each["wrong"][:2]]
    parts += [f"UNJUDGED {text:.150}" for text in each["unjudged"][:1]]
    return "; ".join(parts)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--only", nargs="+", metavar="KIND:SEED")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=140.0, help="of the processor, for each")
    parser.add_argument("--json", metavar="OUT")
    parser.add_argument("--list", action="store_true", help="print the kinds and end")
    return parser.parse_args()


def main() -> int:
    given = asked()
    if given.list:
        print(*KINDS, sep="\n")
        return 0
    chosen = listed(given.number, given.seed, given.kinds)
    if given.only:
        chosen = [(kind, int(seed)) for kind, seed in (each.split(":") for each in given.only)]
    tasks = [(*each, given.quick, given.seconds) for each in chosen]
    results = []
    for each in run(tasks, given.processes):
        results.append(each)
        print(told(each), flush=True)
        if given.json:  # whole after every posterior, so that a run may be stopped
            text = json.dumps(results, indent=1, default=float)
            Path(given.json).write_text(text, encoding="utf-8")
    print("", table(results), "", *by_what(results), "", *worst(results), sep="\n")
    false = ("lies", "wrong")
    return int(any(each.get(key) for each in results for key in false))


if __name__ == "__main__":
    sys.exit(main())
