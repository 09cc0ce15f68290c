"""Give memory that nobody uses back to the system."""

import ctypes
import gc


def give_back() -> None:
    """Free what is garbage, and what the allocator kept for later.

    After a merge of the history the C library holds on to what its columns took, for as long as
    the process lives, although they are gone.  Does nothing more than collect where the C library
    is not glibc.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
