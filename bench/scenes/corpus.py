"""Makes the footage of the comparison: shots of the sample and of test sources, edited at known frames.

Real shots come from `assets/sample.mp4` (its credit is in `assets/CREDITS.md`). Everything has 24 frames a second.
"""

import subprocess
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from pipeline.ffmpeg.process import executable

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
RATE = 24
SIZE = "320x180"
SAMPLE = Path(__file__).parents[2] / "assets/sample.mp4"
SAMPLE_CUTS = (89, 360, 396, 484, 545)  # found by eye
_SHOTS = ((0, 88), (92, 236), (290, 359), (362, 395), (398, 483), (486, 544), (547, 594))


@dataclass(frozen=True, kw_only=True, slots=True)
class Dissolve:
    """Frames during which two shots are mixed; `end` is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Footage:
    """A file with its edits: `cuts` are the first frames of shots. `free` frames may be marked or not: fades."""

    name: str
    path: Path
    cuts: tuple[int, ...] = ()
    dissolves: tuple[Dissolve, ...] = ()
    free: tuple[Dissolve, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Edit:
    """Shots joined by a cut (0) or by a dissolve of that many frames; `look` is applied to the result."""

    name: str
    shots: tuple[int | str, ...]
    lengths: tuple[int, ...]
    mixes: tuple[int, ...] = ()
    look: str = "null"
    encoder: tuple[str, ...] = X264


_REAL = (1, 4, 0, 2, 5, 6)
_LENGTHS = (60, 70, 70, 60, 50, 46)
_DRAWN = ("testsrc2", "mandelbrot", "rgbtestsrc", "smptebars", "testsrc")

_EDITS = (
    _Edit(name="cuts", shots=_REAL, lengths=_LENGTHS),
    _Edit(name="cuts, drawn", shots=_DRAWN, lengths=(40, 60, 30, 40, 50)),
    _Edit(
        name="cuts, dark",
        shots=_REAL,
        lengths=_LENGTHS,
        look="lutyuv=y='16+(val-16)*0.16':u='128+(val-128)*0.3':v='128+(val-128)*0.3'",
    ),
    _Edit(
        name="cuts, grain",
        shots=_REAL,
        lengths=_LENGTHS,
        look="lutyuv=y='16+(val-16)*0.5',noise=alls=40:allf=t:all_seed=7",
    ),
    _Edit(
        name="cuts, low bitrate",
        shots=_REAL,
        lengths=_LENGTHS,
        encoder=("-c:v", "mpeg4", "-q:v", "28", "-g", "12"),
    ),
    _Edit(name="cuts, short shots", shots=(1, 4, 6, 2, 5, 0, 3, 1, 6, 4), lengths=(12,) * 10),
    _Edit(name="dissolves of 0.5 s", shots=_REAL, lengths=_LENGTHS, mixes=(12,) * 5),
    _Edit(name="dissolves of 1 s", shots=_REAL, lengths=_LENGTHS, mixes=(24,) * 5),
    _Edit(
        name="dissolves of 1 s, other order",
        shots=(6, 1, 2, 4, 0, 5),
        lengths=(46, 80, 66, 80, 80, 58),
        mixes=(24,) * 5,
    ),
    _Edit(
        name="dissolves of 2 s",
        shots=(1, 4, 0, 2),
        lengths=(130, 85, 85, 66),
        mixes=(48, 36, 30),
    ),
    _Edit(name="cuts and dissolves", shots=_REAL, lengths=_LENGTHS, mixes=(0, 24, 0, 16, 0)),
    _Edit(
        name="dissolves, dark",
        shots=_REAL,
        lengths=_LENGTHS,
        mixes=(24,) * 5,
        look="lutyuv=y='16+(val-16)*0.3'",
    ),
    _Edit(name="cuts, drawn, dissolves", shots=_DRAWN, lengths=(60,) * 5, mixes=(24, 0, 24, 12)),
)

# One shot each, in which nothing may be found. The picture moves, or its light changes.
_STILL = "[0:v]trim=start_frame=20,select='eq(n,0)',setpts=PTS-STARTPTS"
_LIFE = "[0:v]trim=start_frame=92:end_frame=236,setpts=PTS-STARTPTS,scale=320:180,setsar=1"
_LIGHT = "geq=lum='{}':cb='cb(X,Y)':cr='cr(X,Y)'"
_ONE_SHOT = {
    "slow pan": f"{_STILL},loop=143:1,setpts=N/24/TB,crop=320:180:x='20+n*2':y=200",
    "fast pan": f"{_STILL},loop=95:1,setpts=N/24/TB,crop=320:180:x='abs(mod(n*22\\,1800)-900)':y=250",
    "pan that starts and stops": (
        f"{_STILL},loop=143:1,setpts=N/24/TB,"
        "crop=320:180:x='20+450*(clip((n-40)/30\\,0\\,1)+clip((n-100)/20\\,0\\,1))':y=200"
    ),
    "zoom": f"{_STILL},loop=143:1,setpts=N/24/TB,zoompan=z='1+0.008*in':d=1:s=320x180:fps=24",
    "shake": (
        f"{_STILL},loop=143:1,setpts=N/24/TB,"
        "crop=320:180:x='400+30*sin(n*0.9)+20*sin(n*2.3)':y='200+25*sin(n*1.3)+12*sin(n*2.9)'"
    ),
    "flashes": (f"{_LIFE}," + _LIGHT.format("if(lt(mod(N+20\\,40)\\,2)\\,235\\,lum(X\\,Y))")),
    "flashes, long": (
        f"{_LIFE},"
        + _LIGHT.format(
            "if(between(mod(N\\,48)\\,20\\,24)\\,min(235\\,lum(X\\,Y)+130)\\,lum(X\\,Y))"
        )
    ),
    "light changes": (
        f"{_LIFE},"
        + _LIGHT.format(
            "16+(lum(X\\,Y)-16)*(1-0.6*clip((N-40)/24\\,0\\,1)+0.6*clip((N-90)/24\\,0\\,1))"
        )
    ),
    "busy": "[1:v]null",
}


def _ffmpeg(*arguments: str) -> None:
    command = [executable(), "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True)  # a list, and all of it is from here


def make(folder: Path) -> list[Footage]:
    """Write the footage into `folder`, except files that are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    sample = Footage(
        name="sample",
        path=SAMPLE,
        cuts=SAMPLE_CUTS,
        dissolves=(Dissolve(start=597, end=628),),
        free=(Dissolve(start=236, end=294), Dissolve(start=685, end=745)),
    )
    edits = [_edit(edit, folder) for edit in _EDITS]
    return [sample, *edits, *(_one_shot(name, folder) for name in _ONE_SHOT)]


def _path(name: str, folder: Path) -> Path:
    return folder / (name.replace(", ", "-").replace(" ", "-").replace(".", "_") + ".mp4")


def _one_shot(name: str, folder: Path) -> Footage:
    path = _path(name, folder)
    if not path.exists():
        life = (
            f"life=size=80x45:rate={RATE}:mold=10:ratio=0.2:seed=3:death_color=#C83232,"
            "scale=320:180:flags=neighbor"
        )
        inputs = ["-i", str(SAMPLE), "-f", "lavfi", "-t", "6", "-i", life]
        graph = f"{_ONE_SHOT[name]},format=yuv420p[v]"
        _ffmpeg(*inputs, "-filter_complex", graph, "-map", "[v]", "-t", "6", *X264, str(path))
    return Footage(name=name, path=path)


def _edit(edit: _Edit, folder: Path) -> Footage:
    path = _path(edit.name, folder)
    mixes = edit.mixes or (0,) * (len(edit.shots) - 1)
    starts = _starts(edit.lengths, mixes)
    if not path.exists():
        _render(edit, mixes, starts, path)
    joints = list(zip(starts[1:], mixes, strict=True))
    return Footage(
        name=edit.name,
        path=path,
        cuts=tuple(start for start, mix in joints if not mix),
        dissolves=tuple(Dissolve(start=start, end=start + mix) for start, mix in joints if mix),
    )


def _starts(lengths: tuple[int, ...], mixes: tuple[int, ...]) -> list[int]:
    """The frame of the result at which each shot begins to be seen."""
    steps = (length - mix for length, mix in zip(lengths[:-1], mixes, strict=True))
    return list(accumulate(steps, initial=0))


def _render(edit: _Edit, mixes: tuple[int, ...], starts: list[int], path: Path) -> None:
    inputs, graph = list[str](), ""
    for index, (shot, length) in enumerate(zip(edit.shots, edit.lengths, strict=True)):
        source, first = _input(shot)
        inputs += source
        graph += (
            f"[{index}:v]trim=start_frame={first}:end_frame={first + length},setpts=PTS-STARTPTS,"
            f"scale={SIZE.replace('x', ':')},setsar=1,format=yuv420p,settb=1/{RATE}[s{index}];"
        )
    joined = "s0"
    for index, (mix, start) in enumerate(zip(mixes, starts[1:], strict=True), 1):
        filter_ = (
            f"xfade=transition=fade:duration={mix / RATE:.6f}:offset={start / RATE:.6f}"
            if mix
            else "concat=n=2"
        )
        graph += f"[{joined}][s{index}]{filter_},settb=1/{RATE}[j{index}];"
        joined = f"j{index}"
    graph += f"[{joined}]{edit.look},format=yuv420p[v]"
    _ffmpeg(*inputs, "-filter_complex", graph, "-map", "[v]", *edit.encoder, str(path))


def _input(shot: int | str) -> tuple[list[str], int]:
    """An input, and its first frame that belongs to the shot."""
    if isinstance(shot, int):
        return ["-i", str(SAMPLE)], _SHOTS[shot][0]
    return ["-f", "lavfi", "-i", f"{shot}=size={SIZE}:rate={RATE}"], 0
