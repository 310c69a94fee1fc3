"""Everything that touches files: configuration, data, models and artifacts.

The rooms, from the ground up; each imports from those above it in this list, and from itself:

    artifacts     written whole, held to their schemas, known by their content
    run           a run of the workflow: its jobs, its lock, its code, its end
    models        model files and data files: read, tried in a child, opened
    cases         what the steps left of a case, opened together
    config        the configuration: read strictly, completed, checked
    export        the page, pictures, crates, files for other tools
"""
