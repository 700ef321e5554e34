"""From a claimed job to finished clips, in rooms that depend only downwards.

    delivery    claim a job, run one attempt under its lease, end it
    recipes     what each kind of job makes
    run         what a recipe works with: sources, checkpoints, reports, phases
    selection   which moments become a clip
    encoding    clips, renders, sound, subtitles, thumbnails
    ffmpeg      one confined ffmpeg process

selection, encoding and ffmpeg are functions of their arguments: no database, no storage, no job. Times are seconds on
the source's presentation clock, 0 where its container starts, as a player shows them.
"""
