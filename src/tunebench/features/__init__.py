"""Summary features of a recording: one row of a table, in the layout of the public GTZAN tables.

Importing the package is light; `extract` imports librosa.
"""
