"""The result of a search in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tunebench.app.folder import search_folder

_SHOWN = ("accuracy", "macro_precision", "macro_recall", "macro_f1")


def print_result(summary: Mapping[str, Any], console: Console) -> None:
    """The winner, what validation and the test said of it, and what to do next."""
    winner, search = summary["winner"], summary["search"]
    console.print(
        f"\n[bold]{summary['name']}[/]: {search['trials']} trials of {search['configurations']} "
        f"configurations, {search['epochs']} epochs, {search['failed']} failed, "
        f"{search['wall_s'] / 60:.1f} min",
        highlight=False,
    )
    console.print(
        f"winner: {winner['configuration']}  " + _values(winner["values"]), highlight=False, soft_wrap=True
    )
    console.print(_figures(winner, leakage=winner["leakage"]))
    if winner["test"] is None:
        console.print("no test side: these are validation figures, chosen among many and so too good.")
    elif winner["test_reads"] > 1:
        console.print(f"[yellow]the test side of this split was read {winner['test_reads']} times by now[/]")
    if winner["leakage"] != "none":
        console.print(f"[bold red]leaky ({winner['leakage']}): the sides share {winner['leakage']}s[/]")
    for row in summary["data"]["quarantined"]:
        console.print(f"quarantined: {row['path']}: {row['reason']}", highlight=False, markup=False)
    if missing := len(summary["data"]["listed_but_missing"]):
        console.print(
            f"{missing} tracks of the split's lists are not there: this is not the published protocol"
        )
    for side, names in summary["data"]["absent_classes"].items():
        console.print(f"no {side} segment of: {', '.join(names)}", highlight=False, markup=False)
    name = summary["name"]
    console.print(
        f"model: {search_folder(summary['name']).path / winner['bundle']}\n"
        f"  tunebench trials {name}          leaderboard\n"
        f"  tunebench predict {name} FILE    classify a file\n"
        f"  tunebench ui                     browse all trials in MLflow",
        highlight=False,
        soft_wrap=True,
    )


def _figures(winner: Mapping[str, Any], *, leakage: str) -> Table:
    mark = "" if leakage == "none" else f" (LEAKY: {leakage})"
    table = Table(title=f"winner{mark}")
    table.add_column("metric")
    table.add_column("validation, per segment", justify="right")
    table.add_column("validation, per track", justify="right")
    if winner["test"]:
        table.add_column("test, per segment", justify="right")
        table.add_column("test, per track", justify="right")
    for metric in _SHOWN:
        cells = [_spread(winner["validation"][f"val_{level}{metric}"]) for level in ("", "track_")]
        if winner["test"]:
            cells += [_interval(winner["test"][level][metric]) for level in ("segment", "track")]
        table.add_row(metric, *cells)
    return table


def _spread(spread: Mapping[str, float]) -> str:
    return f"{spread['mean']:.3f} +- {spread['std']:.3f}"


def _interval(interval: Mapping[str, float]) -> str:
    return f"{interval['value']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items())
