"""A real Chromium, driven by Playwright."""
