"""Choosing the winner, testing it once, and drawing what came of it."""
