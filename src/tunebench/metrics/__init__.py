"""Figures of segments and tracks, and their intervals."""
