"""Why ffmpeg ended without a result, in words for a user, and whether another attempt may end better.

What the file does to ffmpeg it will do again: damage, a crash of a decoder, a limit of ours. What the machine does may
pass: a kill, a full disk.
"""

import signal

_NO_MEMORY = ("Cannot allocate memory", "malloc of size")
_TOO_MUCH_MEMORY = "Processing the video needs more memory than is allowed."

# What ffmpeg says, and what a user may be told; the first that matches wins.
_REASONS = (
    ("No space left on device", "The disk is full."),
    ("exceeds max_streams", "The video file has too many streams."),
    ("exceeds specified max pixel count", "The video's resolution is too high."),
    *((sign, _TOO_MUCH_MEMORY) for sign in _NO_MEMORY),
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
    ("Could not open encoder before EOF", "The video file is damaged and cannot be decoded."),
    ("End of file", "The video file is damaged and cannot be decoded."),
)

_PASSING = "No space left on device"

# How the kernel tells which of our limits was reached (see launch.py), and how a decoder crashes.
_ENDED_BY_THE_FILE: dict[int, str] = {
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

    `detail` is safe to show and to store; `log_tail` is the end of ffmpeg's stderr, which may hold
    paths and is for the operator's eyes. `passing` says that the machine ended it (killed, no disk
    left), so that another attempt may succeed.
    """

    def __init__(self, detail: str, log_tail: str = "", *, transient: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.log_tail = log_tail
        self.transient = transient


def succeeded(code: int, log: str) -> bool:
    """Whether an exit status and a log are those of a success.

    ffmpeg takes an input or a decoder that has no memory left for one that has ended, and ends well.
    """
    return code == 0 and not any(sign in log for sign in _NO_MEMORY)


def failure(code: int, log: str, *, file_limit_reached: bool) -> FfmpegFailed:
    """The failure behind an exit status, which is negative for a signal.

    `file_limit_reached` tells a file that became as large as we allow from a disk's own limit: both end by SIGXFSZ.
    """
    if code >= 0:
        reason = next((reason for sign, reason in _REASONS if sign in log), None)
        detail = reason or "The video could not be processed."
        return FfmpegFailed(detail, log, transient=_PASSING in log)
    if code == -signal.SIGXFSZ:
        detail = TOO_MUCH_OUTPUT if file_limit_reached else "The disk is full."
        return FfmpegFailed(detail, log, transient=not file_limit_reached)
    detail = _ENDED_BY_THE_FILE.get(-code)
    stopped = f"Processing the video was stopped by signal {-code}."
    return FfmpegFailed(detail or stopped, log, transient=detail is None)
