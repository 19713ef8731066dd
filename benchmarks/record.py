"""Copy what a finished search left behind into a committed record; the write-up is yours to add.

python benchmarks/record.py experiments/esc10 experiments/records/esc10
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from ruamel.yaml import YAML

FILES = ("trials.csv", "summary.json", "folds.json")


def record(search: Path, target: Path) -> None:
    """Copy table, summary and figures, and the space without the absolute path of its audio."""
    target.mkdir(parents=True, exist_ok=True)
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False
    plain = yaml.load(search / "space.yaml")
    plain["data"]["root"] = "."  # give it with --data
    yaml.dump(plain, target / "space.yaml")
    for name in FILES:
        if (search / name).exists():
            shutil.copy(search / name, target / name)
    shutil.copytree(search / "figures", target / "figures", dirs_exist_ok=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("search", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    record(options.search, options.target)
