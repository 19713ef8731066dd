"""What can be chosen, described without TensorFlow: parameters, defaults, limits, and where the builder is."""
