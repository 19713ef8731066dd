"""Training beside validation, epoch by epoch, of the winners of some searches: over-fitting, and its cure.

python benchmarks/overfitting.py --out curves.png experiments/mfcc_dense_plain experiments/mfcc_dense
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tunebench.evaluation.canvas import new_figure, save_figure
from tunebench.search.journal import read
from tunebench.search.records import rebuild

SIDES = (("", "tab:grey", "training"), ("val_", "tab:blue", "validation"))


def main() -> None:
    """Draw one panel a search: accuracy and loss of all repeats of its winner."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("searches", type=Path, nargs="+", help="folders of finished searches")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    figure = new_figure(5 * len(options.searches), 7)
    axes = figure.subplots(2, len(options.searches), squeeze=False, sharex=True, sharey="row")
    for column, folder in enumerate(options.searches):
        winner = json.loads((folder / "summary.json").read_text())["winner"]["configuration"]
        repeats = [
            record
            for record in rebuild(read(folder / "journal.jsonl")).repeats.values()
            if record.request.configuration == winner
        ]
        for row, metric in enumerate(("accuracy", "loss")):
            for number, record in enumerate(repeats):
                epochs = sorted(record.epochs)
                for prefix, colour, name in (
                    ("", "tab:grey", "training"),
                    ("val_", "tab:blue", "validation"),
                ):
                    values = [record.epochs[epoch].metrics[prefix + metric] for epoch in epochs]
                    label = name if number == 0 else None
                    axes[row, column].plot(epochs, values, color=colour, label=label)
            axes[row, column].grid(alpha=0.3)
            axes[row, column].set(ylabel=metric if column == 0 else "", xlabel="epoch" if row else "")
        axes[0, column].set_title(folder.name)
        axes[0, column].legend()
    save_figure(figure, options.out)
    print(options.out)


if __name__ == "__main__":
    main()
