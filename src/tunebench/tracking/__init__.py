"""MLflow as a listener of the search, its UI, and the winner as a registered model."""
