"""Classical models: scikit-learn's, behind imputation and scaling that are fitted with them."""

from tunebench.estimators.fitted import build, probabilities, size

__all__ = ["build", "probabilities", "size"]
