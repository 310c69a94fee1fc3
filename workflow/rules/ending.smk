from laplace_files.run.ending import Death, unfinished_lines, verdict_file
from laplace_files.run.ending import audit_line, external_lines, verdict_lines


def stuck_cases():
    """Return the cases whose verdict this run was to make and has not, with the jobs that died."""
    died = {job for each in workflow.scheduler.failed for job in getattr(each, "jobs", [each])}
    waiting = {str(file): job for job in workflow.dag.needrun_jobs() for file in job.output}
    return {
        tuple(case): [
            Death(job.rule.name, str(job.log[0]))
            for job in sorted(died & leading_to(waiting[verdict_file(case)]), key=str)
        ]
        for case in CASES
        if died and verdict_file(case) in waiting
    }


def leading_to(job):
    """Return a job with all jobs that it rests on, directly or not."""
    found, new = set(), [job]
    while new:
        job = new.pop()
        if job not in found:
            found.add(job)
            new.extend(workflow.dag.dependencies[job])
    return found


onsuccess:
    print(verdict_lines("results/summary.parquet", CASES, "results/report.html"))
    if EXTERNAL:
        print(external_lines(EXTERNAL))
    if any(job.rule.name == "audit" for job in workflow.dag.jobs):
        print(audit_line(AUDIT))


onerror:
    stuck = stuck_cases()
    if stuck:
        print(unfinished_lines(CASES, stuck))
