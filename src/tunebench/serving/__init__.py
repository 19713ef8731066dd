"""Using an exported classifier: audio in, class probabilities out. Needs none of the training code."""
