"""What is told to the allocator: to keep the memory of small arrays rather than to give it back.

The C library returns each freed array above 128 KiB to the system, until a larger one has been
freed; from then on it keeps all that are smaller. A density that is evaluated block by block makes
the same arrays again and again, and fetching their pages anew takes longer than to fill them.
"""

import numpy as np

LARGEST = 2**24  # bytes: of the arrays that are kept, and at most twice as much is held back


def keep_small_arrays() -> None:
    """Free one large array that was never touched, and so never took any memory."""
    np.empty(LARGEST, dtype=np.uint8)
