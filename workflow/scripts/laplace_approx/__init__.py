"""The normal approximation at the mode and the exact posterior: pure numerical functions.

The rooms, from the ground up; each imports from those above it in this list, and from itself:

    words         text for people: numbers, points, names
    errors        how a request ends early
    contained     a part of a case that fails costs itself only
    remember      what was found a little before, found again
    numerics      functions of arrays that know no density
    derivatives   derivatives of a function of x, each with an error
    density       the log density of a posterior, and the space of its coordinates
    normal        the normal at the mode, and what hangs on it
    mode          the mode, the proof that it is one, and why there is none
    curvature     the Hessian at the mode, measured and cross-checked
    exact         the exact side up to three parameters: lattices
    comparison    the two sides held against each other
    reference     the exact side in any dimension: adapted importance draws
    chains        draws of Markov chains, brought or sampled, as the exact side
    remedies      what to do where the normal is not good enough
    verdict       is the normal good enough, and what is if it is not
    claims        sentences with a number in them, held against the artifacts
    figures       the pictures, one module each
    report        what the page says
    external      the verdict on another tool's draws
    nuts          the No-U-Turn sampler
    exercises     the exercises of the chapter

`models` holds one file a model, which nobody imports.
"""
