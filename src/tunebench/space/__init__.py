"""The typed YAML file: sections, parameters and conditions, sampling and feasibility. No TensorFlow."""

from tunebench.catalog.spec import Values
from tunebench.space.experiment import Experiment, load
from tunebench.space.feasible import FeasibleShare, check_feasible, draw_feasible, feasible_share
from tunebench.space.sections import DataSection, SearchSection, TrainingSection, WinnerSection
from tunebench.space.space import Space

__all__ = [
    "DataSection",
    "Experiment",
    "FeasibleShare",
    "SearchSection",
    "Space",
    "TrainingSection",
    "Values",
    "WinnerSection",
    "check_feasible",
    "draw_feasible",
    "feasible_share",
    "load",
]
