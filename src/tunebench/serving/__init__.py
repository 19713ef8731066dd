"""Using an exported classifier: audio in, class probabilities out. Needs TensorFlow, not Keras."""
