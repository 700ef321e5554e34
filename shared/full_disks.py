"""Tells a full disk from other faults: on Cloud Run the temporary directory is in memory, and jobs share it."""

import errno

OUT_OF_DISK_SPACE = "out-of-disk-space"
"""What an attempt is abandoned for; editai_fail_exhausted_job tells users what it means."""

_ERRNOS = (errno.ENOSPC, errno.EDQUOT)


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that it was raised from, says that the disk has no space left."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in _ERRNOS:
            return True
        seen.add(id(error))
        error = error.__cause__
    return False
