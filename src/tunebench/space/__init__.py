"""The typed YAML file: sections, parameters and conditions, sampling and feasibility. No TensorFlow."""
