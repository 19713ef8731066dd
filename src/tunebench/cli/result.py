"""The result of a search in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tunebench.app.folder import search_folder
from tunebench.app.leaderboard import short_value
from tunebench.space import load

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
    if summary["status"] == "cut":
        console.print("cut short by --max-trials: the same command without it goes on from here")
    if ended_by := search.get("ended_by"):
        console.print(f"ended early: {ended_by}", highlight=False)
    tuned = ", ".join(short_value(path, winner["values"][path]) for path in tuned_values(summary))
    console.print(f"winner: {winner['configuration']}  {tuned}", highlight=False, soft_wrap=True)
    console.print(_figures(winner))
    if shares := list(search.get("importances", {}).items())[:5]:
        said = ", ".join(f"{path} {share:.2f}" for path, share in shares)
        console.print(f"what mattered (share of the variance): {said}", highlight=False, soft_wrap=True)
    if winner["test"] is None:
        console.print("no test side: these are validation figures, chosen among many and so too good.")
    elif winner["test_reads"] > 1:
        console.print(f"[yellow]the test side of this split was read {winner['test_reads']} times by now[/]")
    if calibration := winner.get("calibration"):
        before, after = calibration["before"]["error"], calibration["after"]["error"]
        console.print(
            f"calibration: temperature {calibration['temperature']:.2f} from validation; error on "
            f"{calibration['side']} segments {before:.3f} without it, {after:.3f} with it",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
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
    if registry := winner.get("registry"):
        said = _registered(summary["name"], registry)
        console.print(said, highlight=False, markup=False, soft_wrap=True)
    name, folder = summary["name"], search_folder(summary["name"])
    console.print(
        f"model: {folder.path / winner['bundle']}\n"
        f"  tunebench predict {name} FILE   classify a file\n"
        f"  tunebench trials {name}         leaderboard\n"
        f"  tunebench report {name}         write {folder.report} anew\n"
        f"  tunebench ui        {' ' * len(name)}       browse all trials in MLflow",
        highlight=False,
        soft_wrap=True,
    )


def _registered(name: str, registry: Mapping[str, Any]) -> str:
    """Whether the winner became the champion, and what to write where it should be."""
    version, champion, reason = registry["version"], registry["champion"], registry["reason"]
    if version == champion:
        return f"registry: version {version} of {name} is the champion: {reason}"
    stays = "there is no champion" if champion is None else f"version {champion} stays it"
    return (
        f"registry: version {version} of {name} is not the champion, {stays}: {reason}. "
        f"To have it all the same: `tunebench promote {name} {version} --force`"
    )


def tuned_values(summary: Mapping[str, Any]) -> list[str]:
    """Paths of the winner's values that the search chose."""
    tuned = load(search_folder(summary["name"]).space).space.tuned()
    return [path for path in tuned if path in summary["winner"]["values"]]


def _figures(winner: Mapping[str, Any]) -> Table:
    mark = "" if winner["leakage"] == "none" else f" (LEAKY: {winner['leakage']})"
    table = Table(title=f"winner{mark}")
    for column in ("", "metric"):
        table.add_column(column)
    table.add_column("validation", justify="right")
    if winner["test"]:
        table.add_column("test [95% interval]", justify="right")
    for level, prefix in (("track", "track_"), ("segment", "")):
        for metric in _SHOWN:
            cells = [_spread(winner["validation"][f"val_{prefix}{metric}"])]
            if winner["test"]:
                cells.append(_interval(winner["test"][level][metric]))
            first = metric == _SHOWN[0]
            table.add_row(f"per {level}" if first else "", metric, *cells, end_section=metric == _SHOWN[-1])
    return table


def _spread(spread: Mapping[str, float]) -> str:
    mean = f"{spread['mean']:.3f}"
    return mean if spread["repeats"] == 1 else f"{mean} ± {spread['std']:.3f}"


def _interval(interval: Mapping[str, float]) -> str:
    return f"{interval['value']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
