"""Sets the text of captions in any script: which font draws a character, how wide a line is, where it breaks.

layout       line breaks, size and parts of a cue
shaping      the width of a text in the fonts of a render
cutting      these fonts: one small family with the characters in use
emoji        emoji sequences
typefaces    the font files, and which of them draws a character
harfbuzz     a font file
direction    the direction of a line, for libass's bidirectional algorithm
"""
