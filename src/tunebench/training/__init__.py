"""Training one configuration: the pipeline, compiled classifiers, checkpoints, `run_trial`."""
