"""Turns the end of an ffmpeg run into a reason that a user can read, and decides whether a retry may succeed.

A failure caused by the file is permanent, because the file would cause it again: damage, a crash of a decoder, one of
our limits. A failure caused by the machine is transient: a kill, a full disk.
"""

import errno
import signal

_NO_MEMORY = ("Cannot allocate memory", "malloc of size")
_NO_FRAMES = "Could not open encoder before EOF"
_TOO_MUCH_MEMORY = "Processing the video needs more memory than is allowed."

# A text in ffmpeg's log, and the reason for the user. The first match wins.
_REASONS = (
    ("exceeds max_streams", "The video file has too many streams."),
    ("exceeds specified max pixel count", "The video's resolution is too high."),
    *((pattern, _TOO_MUCH_MEMORY) for pattern in _NO_MEMORY),
    ("Resource temporarily unavailable", _TOO_MUCH_MEMORY),
    ("not on whitelist", "The video uses a codec that is not supported."),
    ("Decoder not found", "The video uses a codec that is not supported."),
    ("no decoder found", "The video uses a codec that is not supported."),
    ("Unknown decoder", "The video uses a codec that is not supported."),
    ("Not yet implemented in FFmpeg", "The video uses a feature that is not supported."),
    ("matches no streams", "The video contains no frame that can be decoded."),
    ("Input contains (near) NaN", "The video's sound is damaged and cannot be used."),
    ("moov atom not found", "The video file is damaged and cannot be decoded."),
    ("Invalid data found", "The video file is damaged and cannot be decoded."),
    ("Error while opening decoder", "The video file is damaged and cannot be decoded."),
    (_NO_FRAMES, "The video file is damaged and cannot be decoded."),
    ("End of file", "The video file is damaged and cannot be decoded."),
)

_DISK_FULL = "No space left on device"

CAUSES = (*_NO_MEMORY, _DISK_FULL)
"""What decides, wherever in the log it is: the errors after it are its consequences."""

# The signals of our limits (see launch.py), and those of a crashing decoder.
_SIGNALS_CAUSED_BY_FILE: dict[int, str] = {
    signal.SIGPROF: "Processing the video needs more CPU time than is allowed for its length.",
    signal.SIGALRM: "Processing the video takes longer than is allowed for its length.",
    **dict.fromkeys(
        (signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS),
        "The video file is damaged and cannot be decoded.",
    ),
}

TOO_MUCH_OUTPUT = "The output file would be too large."


class FfmpegFailed(Exception):
    """ffmpeg ended without a result.

    `detail` is safe to show and to store. `log_tail` is the end of ffmpeg's stderr; it may contain
    paths, so only operators may see it. `transient` means that the machine ended the run (a kill, a
    full disk), so a retry may succeed.
    """

    def __init__(self, detail: str, log_tail: str = "", *, transient: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.log_tail = log_tail
        self.transient = transient

    @property
    def without_frames(self) -> bool:
        """Whether the inputs gave no frame to encode."""
        return _NO_FRAMES in self.log_tail


def succeeded(code: int, log: str) -> bool:
    """Whether an exit status and a log mean success.

    When an input or a decoder runs out of memory, ffmpeg treats it as ended and exits with 0.
    """
    return code == 0 and not any(pattern in log for pattern in _NO_MEMORY)


def failure(code: int, log: str, *, file_limit_reached: bool) -> FfmpegFailed:
    """The failure for an exit status, which is negative for a signal.

    `file_limit_reached` says that an output reached our own size limit. The machine's file limit ends ffmpeg by the
    same signal, SIGXFSZ, and counts as a full disk.
    """
    if code >= 0 and _DISK_FULL in log:
        return _disk_full(log)
    if code >= 0:
        reason = next((reason for pattern, reason in _REASONS if pattern in log), None)
        detail = reason or "The video could not be processed."
        return FfmpegFailed(detail, log)
    if code == -signal.SIGXFSZ:
        return FfmpegFailed(TOO_MUCH_OUTPUT, log) if file_limit_reached else _disk_full(log)
    detail = _SIGNALS_CAUSED_BY_FILE.get(-code)
    stopped = f"Processing the video was stopped by signal {-code}."
    return FfmpegFailed(detail or stopped, log, transient=detail is None)


def _disk_full(log: str) -> FfmpegFailed:
    """The failure for a full disk, with the error of the system call as its cause."""
    failed = FfmpegFailed("The disk is full.", log, transient=True)
    failed.__cause__ = OSError(errno.ENOSPC, _DISK_FULL)
    return failed
