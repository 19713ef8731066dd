"""What can be chosen, without TensorFlow: parameters, defaults, limits, and where the builder is."""
