from laplace_files.run.help import target_lines


rule help:
    """List what one can ask for."""
    log:
        "logs/help.log",
    params:
        targets=target_lines(workflow.rules),
    message:
        "What one can ask for"
    script:
        "../scripts/help.py"
