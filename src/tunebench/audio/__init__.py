"""From files to segments: manifest, decoding, the decoded store, splits, audit. Without TensorFlow."""
