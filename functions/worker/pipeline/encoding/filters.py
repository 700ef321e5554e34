"""ffmpeg filter chains for one cut: an exact number of frames and samples, in one size and one colour format.

Every cut leaves these chains with the canvas's size and rate, BT.709 4:2:0 colours, stereo at
48 kHz, and picture and sound of equal length; so any cuts join without a seam.
"""

from fractions import Fraction

from pipeline.encoding.canvas import Canvas, even
from shared.media.probe import VideoFacts

SAMPLE_RATE = 48000
FADE_SECONDS = 0.005  # removes the click at a join and is too short to hear
_RESAMPLING_MARGIN_SECONDS = 0.5  # of sound after a cut, because resampling looks ahead
_LEAD_SECONDS = 1  # before a cut: the ticks start there, so that a source that ends at the cut's start gives a frame

_TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
_SD_HEIGHT = 576
_ROUNDING_PIXELS = 2  # pixels: a smaller difference is rounding, not another shape


def video_chain(
    video: VideoFacts, canvas: Canvas, frames: int, *, offset: float, black_frames: int = 0
) -> str:
    """Filters from decoded video to `frames` frames, of which the first is shown at `offset` seconds.

    The first `black_frames` of them, fewer than `frames`, are black: the source has no picture yet.
    """
    rate = canvas.frame_rate
    lead_frames = round(_LEAD_SECONDS * rate)
    start = offset - float(lead_frames / rate)
    return ",".join(
        (
            *(("bwdif=mode=send_frame:deint=interlaced",) if video.interlaced else ()),
            # Gives the frame that is on screen at each tick, also one that appeared long before the first. A last frame
            # that is shorter than a tick is kept by eof_action.
            f"fps=fps={rate}:start_time={start:.6f}:round=near:eof_action=pass",
            # A source that ends within the last ticks repeats its last frame, so picture and sound stay equally long.
            "tpad=stop=-1:stop_mode=clone",
            f"trim=start_frame={lead_frames + black_frames}:end_frame={lead_frames + frames}",
            *_colours(video, canvas),
            *_padding(video, canvas),
            *((f"tpad=start={black_frames}:color=black",) if black_frames else ()),
            *_uniform(canvas),
        )
    )


def black(canvas: Canvas, frames: int) -> str:
    """A source filter that outputs `frames` black frames."""
    size = f"{canvas.width}x{canvas.height}"
    source = f"color=black:size={size}:rate={canvas.frame_rate},format=yuv420p"
    return ",".join((source, f"trim=end_frame={frames}", *_uniform(canvas)))


def _uniform(canvas: Canvas) -> tuple[str, ...]:
    return (_TAGS, "setsar=1", f"settb={1 / canvas.frame_rate}", "setpts=N")


def audio_chain(samples: int, *, offset: float) -> str:
    """Filters from decoded sound to `samples` stereo samples, of which the first is heard at `offset` seconds."""
    length = samples / SAMPLE_RATE
    fade = min(FADE_SECONDS, length / 4)
    return ",".join(
        (
            # The end matters too: if a packet comes an hour late, aresample makes an hour of silence at once.
            f"atrim=start={offset:.6f}:end={offset + length + _RESAMPLING_MARGIN_SECONDS:.6f}",
            f"asetpts=PTS-({offset:.6f}/TB)",
            # Gaps, and sound that starts late, become silence instead of shifting the sound. Without
            # min_hard_comp it may stay 100 ms late after jumps, which an overloaded recorder writes.
            f"aresample={SAMPLE_RATE}:async=1:min_hard_comp=0.015:first_pts=0",
            "aformat=sample_fmts=fltp:channel_layouts=stereo",
            "apad",
            f"atrim=end_sample={samples}",
            f"afade=t=in:d={fade:.6f}",
            f"afade=t=out:st={length - fade:.6f}:d={fade:.6f}",
            "asetpts=N/SR/TB",
        )
    )


def silence(samples: int) -> str:
    """A source filter that outputs `samples` silent stereo samples."""
    return f"anullsrc=r={SAMPLE_RATE}:cl=stereo,aformat=sample_fmts=fltp,atrim=end_sample={samples}"


def samples_until(frames: int, rate: Fraction) -> int:
    """The number of sound samples that belong to the first `frames` frames of a clip."""
    return round(frames * SAMPLE_RATE / rate)


def _padding(video: VideoFacts, canvas: Canvas) -> tuple[str, ...]:
    width, height = _fitted_size(video, canvas)
    if (width, height) == (canvas.width, canvas.height):
        return ()
    return (f"pad={canvas.width}:{canvas.height}:(ow-iw)/2:(oh-ih)/2:black",)


def _fitted_size(video: VideoFacts, canvas: Canvas) -> tuple[int, int]:
    """The largest size inside the canvas that keeps the picture's proportions."""
    scale = min(canvas.width / video.width, canvas.height / video.height)
    width, height = video.width * scale, video.height * scale
    if canvas.width - width < _ROUNDING_PIXELS and canvas.height - height < _ROUNDING_PIXELS:
        return canvas.width, canvas.height
    return even(width), even(height)


def _colours(video: VideoFacts, canvas: Canvas) -> tuple[str, ...]:
    width, height = _fitted_size(video, canvas)
    if video.hdr:
        scaled = f"scale={width}:{height}:flags=bicubic"
        return (*_missing_hdr_tags(video), scaled, *_TONE_MAPPING, "format=yuv420p")
    return (
        *_missing_matrix_tag(video),
        f"scale={width}:{height}:flags=bicubic:out_color_matrix=bt709:out_range=tv",
        "format=yuv420p",
    )


# PQ or HLG to linear light (100 nits is white), into BT.709 primaries, highlights rolled off
_TONE_MAPPING = (
    "zscale=transfer=linear:npl=100",
    "format=gbrpf32le",
    "zscale=primaries=bt709",
    "tonemap=tonemap=hable:desat=0",
    "zscale=transfer=bt709:matrix=bt709:range=tv:dither=ordered",
)


def _missing_hdr_tags(video: VideoFacts) -> tuple[str, ...]:
    # PQ or HLG without further tags is BT.2020, as broadcasters and phones use it.
    missing = [
        *(["colorspace=bt2020nc"] if video.matrix is None and not video.rgb else []),
        *(["color_primaries=bt2020"] if video.primaries is None else []),
    ]
    return (f"setparams={':'.join(missing)}",) if missing else ()


def _missing_matrix_tag(video: VideoFacts) -> tuple[str, ...]:
    # Players' convention for a file without a matrix: a small picture is SD television.
    if video.matrix is not None or video.rgb:
        return ()
    matrix = "smpte170m" if min(video.width, video.height) <= _SD_HEIGHT else "bt709"
    return (f"setparams=colorspace={matrix}",)
