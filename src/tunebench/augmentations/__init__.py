"""Augmentations: functions of a batch, a strength and a seed, one for each row of the catalog.

All are stateless: the same seed gives the same draws, wherever a trial goes on. Every example has draws of
its own.
"""
