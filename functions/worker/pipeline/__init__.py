"""From a claimed job to finished clips. Each package imports only those below it in this list.

    delivery    claim a job, run one attempt under its lease, end it
    recipes     the job handlers: what each kind of job makes
    run         the parts that recipes share: sources, checkpoints, progress reports, phases
    selection   which moments of a source become a clip
    encoding    encodes clips, renders, sound, subtitles and thumbnails
    ffmpeg      runs one confined ffmpeg process

selection, encoding and ffmpeg depend on their arguments alone: they know no database, storage or job. Times are seconds
on the source's presentation clock, as a player shows them: 0 is where the container starts.
"""
