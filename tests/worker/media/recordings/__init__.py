"""Files that a real Chromium records, and what the probe and the encoder make of them."""
