"""The served form of a classifier: a bundle, the formats it can be taken out in, and the parity gate."""
