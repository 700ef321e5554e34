"""The picture of a final render: the clip's frames at the preset's size and rate, with the requested corrections.

    rate -> denoise, colours -> crop | pad | blur -> sharpen -> subtitles

The clip was made by this worker (BT.709, 4:2:0, square pixels), so only look and shape are left to change. Denoising
comes first, because scaling changes the noise. Sharpening follows scaling, because scaling blurs. Subtitles come last,
so that no filter changes them.
"""

from pipeline.encoding.canvas import Canvas, even
from pipeline.encoding.subtitles import FILTER as SUBTITLES
from shared.job_params.final_render import RenderOptions
from shared.jobs.records import Fit
from shared.media.probe import VideoFacts

_SCALER = "flags=lanczos+accurate_rnd"
_BACKGROUND_DIVISOR = 8  # the background is blurred at an eighth of the size: same look, less cost
_TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


def graph(video: VideoFacts, canvas: Canvas, frames: int, options: RenderOptions) -> str:
    """The filter graph from `[0:V:0]` to `[v]`, which gives `frames` frames of the canvas."""
    before = ",".join((*_timing(canvas, frames), *_look(options)))
    after = ",".join(
        (
            *_sharpening(options),
            *((SUBTITLES,) if options.subtitles else ()),
            "setsar=1",
            "format=yuv420p",
            _TAGS,
            f"settb={1 / canvas.frame_rate}",
            "setpts=N",
        )
    )
    return f"[0:V:0]{before}[clip];{_fit(video, canvas, options.fit)};[fitted]{after}[v]"


def _timing(canvas: Canvas, frames: int) -> tuple[str, ...]:
    return (
        f"fps=fps={canvas.frame_rate}:start_time=0:round=near",
        "tpad=stop=-1:stop_mode=clone",
        f"trim=end_frame={frames}",
    )


def _look(options: RenderOptions) -> tuple[str, ...]:
    filters: list[str] = []
    if options.denoise:
        strength = options.denoise * 8
        filters.append(
            f"hqdn3d={strength:.3f}:{strength * 0.75:.3f}:{strength * 1.5:.3f}:{strength:.3f}"
        )
    colours = (options.brightness, options.contrast, options.saturation)
    if colours != (0, 1, 1):
        filters.append("eq=brightness={:.4f}:contrast={:.4f}:saturation={:.4f}".format(*colours))
    return tuple(filters)


def _sharpening(options: RenderOptions) -> tuple[str, ...]:
    return (f"unsharp=5:5:{options.sharpen * 1.5:.3f}",) if options.sharpen else ()


def _fit(video: VideoFacts, canvas: Canvas, fit: Fit) -> str:
    """Filters from `[clip]` to `[fitted]`, which has the canvas's size and keeps the clip's proportions."""
    size = f"{canvas.width}:{canvas.height}"
    cover = f"scale={_scaled_size(video, canvas, covering=True)}:{_SCALER},crop={size}"
    inside = f"scale={_scaled_size(video, canvas, covering=False)}:{_SCALER}"
    if fit == "crop" or _same_shape(video, canvas):
        return f"[clip]{cover}[fitted]"
    if fit == "pad":
        return f"[clip]{inside},pad={size}:(ow-iw)/2:(oh-ih)/2:black[fitted]"
    small = Canvas(
        width=even(canvas.width / _BACKGROUND_DIVISOR),
        height=even(canvas.height / _BACKGROUND_DIVISOR),
        frame_rate=canvas.frame_rate,
    )
    blurred = (
        f"scale={_scaled_size(video, small, covering=True)}:flags=area,crop={small.width}:{small.height},"
        f"gblur=sigma=4,eq=brightness=-0.08,scale={size}:flags=bicubic"
    )
    return (
        f"[clip]split[whole][copy];[copy]{blurred}[background];[whole]{inside}[picture];"
        "[background][picture]overlay=(W-w)/2:(H-h)/2:format=yuv420[fitted]"
    )


def _same_shape(video: VideoFacts, canvas: Canvas) -> bool:
    """Whether the shapes are so close that bars would be too thin to see."""
    shapes = (video.width * canvas.height, video.height * canvas.width)
    return max(shapes) / min(shapes) < 1.005  # noqa: PLR2004


def _scaled_size(video: VideoFacts, canvas: Canvas, *, covering: bool) -> str:
    """The clip's size scaled to cover the canvas, or to fit inside it; both sides even."""
    scales = (canvas.width / video.width, canvas.height / video.height)
    scale = max(scales) if covering else min(scales)
    width, height = round(video.width * scale / 2) * 2, round(video.height * scale / 2) * 2
    return f"{width}:{height}"
