-- The export presets. The sizes and frame rates are those that the platforms ask for: vertical and square video at 30
-- frames a second, wide video at up to 1080 lines. The maximum bitrates keep a file below the limits above which the
-- platforms encode it again.
insert into public.editai_export_presets (
  name, label, width, height, frame_rate, crf, max_video_bitrate_kbps, audio_bitrate_kbps)
values
  ('instagram_reels', 'Instagram Reels', 1080, 1920, 30, 20, 8000, 192),
  ('tiktok', 'TikTok', 1080, 1920, 30, 20, 8000, 192),
  ('youtube_shorts', 'YouTube Shorts', 1080, 1920, 30, 19, 10000, 192),
  ('instagram_square', 'Instagram square', 1080, 1080, 30, 20, 6000, 192),
  ('youtube', 'YouTube', 1920, 1080, 30, 19, 12000, 192);
