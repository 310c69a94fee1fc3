"""Run a small sweep as jobs of a real SLURM on this machine, and hold it against a local run.

    .venv/bin/python tests/slurm_on_this_machine.py [target ...]

Starts munged, slurmctld and slurmd as children of this process: on the loopback interface, on free
ports, with configuration, key, spool and logs in a private folder, so that nothing of a SLURM that
the machine may already have is read or written. The same targets are then made twice in fresh
copies of the project, locally and with `--profile profiles/slurm`, and every byte is compared.
The daemons are stopped by their process ids, and the folder is removed. It needs no root.

Exit status: 0 the bytes are the same; 1 they are not, or a run failed; 77 SLURM, its plugin or
munge is missing or does not start here, which one sentence says.
"""

import contextlib
import getpass
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from project_copy import content, copy_project, snakemake

SKIPPED = 77
PATIENCE = 30  # seconds for a daemon to come up or to go down
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "sinfo", "scancel")
PLUGIN = "snakemake_executor_plugin_slurm"
OVERLAY = "tests/slurm.yaml"
TARGETS = ("results/sweeps/prior_scale/verdict.parquet",)

# a node of one's own may be asked every second, and keeps no accounts
HERE = (
    *("--seconds-between-status-checks", "1"),
    *("--slurm-init-seconds-before-status-checks", "1"),
    *("--slurm-status-command", "squeue"),
)

CONFIGURATION = """\
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=3600
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=here Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Unavailable(Exception):
    """SLURM cannot be had on this machine, for the reason that is the message."""


def main(targets: list[str]) -> int:
    """Run the targets both ways, print what was found, and return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the daemons are stopped
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:
        folder = Path(name)
        try:
            with running_slurm(folder) as client:
                return compare(folder, targets or list(TARGETS), client)
        except Unavailable as reason:
            print(f"Skipped: {reason}")
            return SKIPPED


def compare(folder: Path, targets: list[str], client: dict[str, str]) -> int:
    """Make the targets locally and as submitted jobs, and compare every byte."""
    ways = {"local": ((), {}), "slurm": (("--profile", "profiles/slurm", *HERE), client)}
    made = {}
    for way, (arguments, environment) in ways.items():
        copy = copy_project(folder / way)
        start = time.perf_counter()
        overlay = ("--configfile", str(Path(__file__).parents[1] / OVERLAY))
        run = snakemake(copy, *targets, *overlay, *arguments, **environment)
        seconds = time.perf_counter() - start
        if run.returncode:
            print(f"The {way} run failed:\n{run.stdout[-2000:]}{run.stderr[-6000:]}")
            for log in sorted(copy.glob(".snakemake/slurm_logs/**/*.log")):
                print(f"{log.relative_to(copy)}:\n{log.read_text('utf-8', 'replace')[-3000:]}")
            return 1
        made[way] = content(copy)
        print(f"{way}: {len(made[way])} artifacts in {seconds:.1f} s")
    return verdict(made["local"], made["slurm"], submitted_jobs(client))


def verdict(local: dict[str, str], slurm: dict[str, str], jobs: dict[str, str]) -> int:
    """Print what differs and what was submitted; 0 if jobs were submitted and nothing differs."""
    different = sorted(path for path in local | slurm if local.get(path) != slurm.get(path))
    print(f"submitted jobs: {len(jobs)}")
    for job, state in sorted(jobs.items()):
        print(f"  {job}: {state}")
    for path in different:
        print(f"differs: {path}")
    same = bool(local) and not different
    good = same and bool(jobs) and set(jobs.values()) == {"COMPLETED"}
    print(f"the bytes of {len(local)} artifacts are {'the same' if same else 'NOT the same'}")
    return 0 if good else 1


def submitted_jobs(client: dict[str, str]) -> dict[str, str]:
    """Return the state of every job that SLURM was given, by its number and what it is for."""
    every = ("--all", "--states=all", "--noheader", "--format=%i %k|%T")
    listed = run_client(client, "squeue", *every)
    return dict(line.split("|", 1) for line in listed.splitlines())


@contextlib.contextmanager
def running_slurm(folder: Path):
    """Start the three daemons, yield the environment of their clients, and stop them."""
    programs = installed_programs()
    write_configuration(folder)
    client = client_environment(folder, programs["srun"])
    with contextlib.ExitStack() as daemons:
        munged = [programs["munged"], "--foreground", "--force", *munge_files(folder)]
        start(daemons, folder, munged, client)
        wait(lambda: (folder / "munge.socket").exists(), "munged made no socket", folder)
        start(daemons, folder, [programs["slurmctld"], "-D"], client)
        start(daemons, folder, [programs["slurmd"], "-D"], client)
        idle = "the node did not become idle"
        wait(lambda: run_client(client, "sinfo", "-h", "-o", "%T").strip() == "idle", idle, folder)
        try:
            yield client
        finally:
            run_client(client, "scancel", "--user", getpass.getuser())
            listed = ("squeue", "--noheader")
            with contextlib.suppress(Unavailable):
                wait(lambda: run_client(client, *listed).strip() == "", "jobs remain", folder)


def installed_programs() -> dict[str, str]:
    """Return the path of each program, or say which of them, or that the plugin, is missing."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = {name: shutil.which(name, path=path) for name in PROGRAMS}
    if absent := [name for name, place in found.items() if place is None]:
        raise Unavailable(
            f"{', '.join(absent)} not found; on Debian: apt-get install slurm-wlm munge"
        )
    if importlib.util.find_spec(PLUGIN) is None:
        raise Unavailable("Snakemake's SLURM plugin is not installed; run: make extra NAME=slurm")
    return found


def write_configuration(folder: Path) -> None:
    """Write slurm.conf, the key of munged and the folders that the daemons expect."""
    (folder / "spool").mkdir()
    (folder / "state").mkdir()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))
    page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    controller_port, node_port = free_ports(2)
    configuration = CONFIGURATION.format(
        folder=folder,
        host=socket.gethostname().partition(".")[0],
        user=getpass.getuser(),
        cpus=len(os.sched_getaffinity(0)),
        memory=page * pages * 9 // (10 * 2**20),
        controller_port=controller_port,
        node_port=node_port,
    )
    (folder / "slurm.conf").write_text(configuration, encoding="utf-8")


def client_environment(folder: Path, srun: str) -> dict[str, str]:
    """Return the environment in which SLURM's programs find the private configuration.

    The plugin clears SLURM_CONF before it calls srun inside a job. A program of that name, first
    on the path, sets it again.
    """
    configuration, programs = folder / "slurm.conf", folder / "bin"
    programs.mkdir()
    wrapper = programs / "srun"
    wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={configuration} exec {srun} "$@"\n', "utf-8")
    wrapper.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    return {"SLURM_CONF": str(configuration), "PATH": path}


def munge_files(folder: Path) -> list[str]:
    """Return the options that keep every file of munged in the folder."""
    files = {"socket": "socket", "key-file": "key", "log-file": "log", "pid-file": "pid"}
    files["seed-file"] = "seed"
    return [f"--{option}={folder}/munge.{ending}" for option, ending in files.items()]


def free_ports(number: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens on now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def start(daemons: contextlib.ExitStack, folder: Path, command: list[str], client: dict) -> None:
    """Start a daemon as a child of this process, to be stopped when the stack is unwound."""
    name = Path(command[0]).name
    output = daemons.enter_context((folder / f"{name}.out").open("wb"))
    process = subprocess.Popen(
        command,
        env={**os.environ, **client},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,  # an interruption of this process is not one of the daemon
    )
    daemons.callback(stop, process)
    time.sleep(0.5)
    if process.poll() is not None:
        raise Unavailable(f"{name} does not start here: {last_words(folder)}")


def stop(process: subprocess.Popen) -> None:
    """End a process that `start` started, by its id."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait(ready, complaint: str, folder: Path) -> None:
    """Wait until `ready()`; raise Unavailable with the complaint after PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise Unavailable(f"{complaint} within {PATIENCE} s: {last_words(folder)}")
        time.sleep(0.2)


def last_words(folder: Path) -> str:
    """Return the last error that a daemon reported, on one line."""
    logs = [*folder.glob("*.out"), *folder.glob("*.log")]
    lines = [line for log in logs for line in log.read_text("utf-8", "replace").splitlines()]
    errors = [line for line in lines if re.search("error|fatal", line, re.IGNORECASE)]
    return (errors or ["no error was logged"])[-1].strip()


def run_client(client: dict[str, str], *command: str) -> str:
    """Run a client program of SLURM and return its output, which is empty if it fails."""
    environment = {**os.environ, **client}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
