r"""Finds where scenes begin and where the picture is black, from two numbers per frame. Does no I/O.

motion   ....|........|.......     a cut is one frame whose change exceeds that of the frames around it
luma     ~~~~|~~~~\_/~|~~~~~~~     a fade is a slope that ends in black
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from pipeline.selection.series import Miniatures, distance

# Mean differences of neighbouring frames, of 255, in pictures of ordinary brightness. Dark ones differ by less.
CLEAR_CUT = 25.0
FAINT_CUT = 12.5
ORDINARY_LUMA = 80.0
MIN_BRIGHTNESS = 0.15
NEIGHBOURS = 6
MOVEMENT_RATIO = 1.5  # a frame that changes less than this, relative to both frames after or before it, is movement
FLASH_SECONDS = 0.25  # cuts closer than this are a flash, not scenes
FLASH_CHANGE = 0.35  # how much the picture may differ after a flash, relative to the flash

BLACK = 16.0
BLACK_LUMA = 20.0
FADE_LUMA_PER_SECOND = 10.0
FADE_SECONDS = 2.0
SLOPE_FRAMES = (
    3  # a slope is measured over this many frames, because film grain makes single ones uneven
)


def cuts(motion: Sequence[float], luma: Sequence[float]) -> list[int]:
    """The indexes of the frames that start a new scene, except the first frame."""
    return [
        index
        for index in range(1, len(motion))
        if _is_cut(motion, index, _brightness(max(luma[index - 1], luma[index])))
    ]


def _brightness(luma: float) -> float:
    """How bright a picture is, relative to an ordinary one: at most 1."""
    return min(1.0, max(MIN_BRIGHTNESS, (luma - BLACK) / (ORDINARY_LUMA - BLACK)))


def _is_cut(motion: Sequence[float], index: int, brightness: float) -> bool:
    change = motion[index]
    if change < FAINT_CUT * brightness or _moves_on(motion, index):
        return False
    neighbours = [
        *motion[max(1, index - NEIGHBOURS) : index],
        *motion[index + 1 : index + 1 + NEIGHBOURS],
    ]
    typical = median(neighbours) if neighbours else 0.0
    return change > (2 if change >= CLEAR_CUT * brightness else 5) * typical


def _moves_on(motion: Sequence[float], index: int) -> bool:
    """Whether the change is the start or the end of a movement. A cut with one blended frame is none."""
    before, after = motion[max(1, index - 2) : index], motion[index + 1 : index + 3]
    sustained = max(min(before, default=0.0), min(after, default=0.0))
    return motion[index] < MOVEMENT_RATIO * sustained


def without_flashes(
    cuts: Sequence[int], motion: Sequence[float], times: Sequence[float], pictures: Miniatures
) -> list[int]:
    """The cuts after which the picture is another one, and not soon the same as before."""
    return [
        index
        for index in cuts
        if _lasting_change(pictures, times[index]) >= FLASH_CHANGE * motion[index]
    ]


def _lasting_change(pictures: Miniatures, time: float) -> float:
    if not pictures:
        return math.inf
    before = pictures.last_until(time - FLASH_SECONDS)
    after = pictures.first_from(time + FLASH_SECONDS)
    return distance(pictures[before], pictures[after])


def dark_frames(luma: Sequence[float], frame_rate: float) -> list[bool]:
    """Whether each frame is black or part of a fade from or to black."""
    dark = [value <= BLACK_LUMA for value in luma]
    black = [index for index, is_black in enumerate(dark) if is_black]
    for index in black:
        for step in (1, -1):
            _mark_slope(luma, dark, index, step, frame_rate)
    return dark


def _mark_slope(
    luma: Sequence[float], dark: list[bool], index: int, step: int, frame_rate: float
) -> None:
    """Mark frames from the black frame `index` in direction `step` while they get brighter."""
    rise = FADE_LUMA_PER_SECOND / frame_rate * SLOPE_FRAMES
    for frame in range(index + step, index + step * round(FADE_SECONDS * frame_rate), step):
        ahead = frame + step * SLOPE_FRAMES
        if not 0 <= ahead < len(luma) or dark[frame] or luma[ahead] - luma[frame] < rise:
            return
        dark[frame] = True


def spans(count: int, starts: Sequence[int], dark: Sequence[bool], shortest: int) -> list[range]:
    """Frames 0..`count` split at `starts` and where `dark` changes, each at least `shortest` long."""
    changes = [index for index in range(1, count) if dark[index] != dark[index - 1]]
    edges = [0]
    for edge in sorted({*starts, *changes}):
        if edge - edges[-1] >= shortest and count - edge >= shortest:
            edges.append(edge)
    return [range(start, end) for start, end in pairwise([*edges, count])]
