"""Properties over random spaces: written and read back, drawn from, and broken at a known line."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebench.catalog.augmentations import AUGMENTATIONS, GROUP
from tunebench.catalog.feasibility import TABLES
from tunebench.catalog.general import GENERAL
from tunebench.catalog.spec import Spec
from tunebench.errors import SpaceError
from tunebench.space import Experiment, load
from tunebench.space.adopt import adopt, typed
from tunebench.space.document import Document, Source
from tunebench.space.priors import at_priors, draw_around_priors, priors
from tunebench.space.sections import OBJECTIVES
from tunebench.space.text import parse

HEAD = {"name": "random", "data": {"root": "audio", "split": {"by": "track"}}}
SOME_FLOAT = 1e6


def number(spec: Spec, *, above: float | None = None) -> st.SearchStrategy[Any]:
    low = max(value for value in (spec.minimum or 0, above) if value is not None)
    high = spec.maximum if spec.maximum is not None else SOME_FLOAT
    return st.integers(int(low), int(high)) if spec.type == "int" else st.floats(low, high)


def value(spec: Spec) -> st.SearchStrategy[Any]:
    kinds = [st.sampled_from(spec.options)] if spec.options else []
    if spec.type in ("int", "float"):
        kinds.append(number(spec))
    if spec.type == "bool":
        kinds.append(st.booleans())
    if spec.default is None:
        kinds.append(st.none())
    return st.one_of(kinds)


@st.composite
def parameter(draw: st.DrawFn, spec: Spec) -> Any:
    forms = ["fixed", "choice", *(("range", "log") if spec.type in ("int", "float") else ())]
    form = draw(st.sampled_from(forms))
    if form == "fixed":
        return draw(value(spec))
    if form == "choice":
        options = draw(st.lists(value(spec), min_size=1, max_size=4, unique=True))
        return {"choice": options, **draw(prior(st.sampled_from(options)))}
    above = 1e-9 if spec.type == "float" else 1
    bounds = sorted(draw(st.tuples(*[number(spec, above=above if form == "log" else None)] * 2)))
    kind = spec.type if form == "range" else f"log_{spec.type}"
    if kind == "int" and bounds[0] < bounds[1]:
        step = draw(st.integers(1, bounds[1] - bounds[0]))
        steps = st.integers(0, (bounds[1] - bounds[0]) // step)
        return {
            "int": bounds,
            "step": step,
            **draw(prior(steps.map(lambda number: bounds[0] + step * number))),
        }
    within = st.integers(*bounds) if spec.type == "int" else st.floats(*bounds)
    return {kind: bounds, **draw(prior(within))}


def prior(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """With a prior or without."""
    return st.fixed_dictionaries({}, optional={"prior": values})


def level(specs: dict[str, Spec]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: parameter(spec) for name, spec in specs.items()})


def row_choice(table: str) -> st.SearchStrategy[Any]:
    rows = {name: level({spec.name: spec for spec in row.parameters}) for name, row in TABLES[table].items()}
    mapped = st.fixed_dictionaries({}, optional=rows).filter(bool)
    listed = st.lists(st.sampled_from(list(rows)), min_size=1, unique=True)
    chosen = st.one_of(mapped, listed).flatmap(
        lambda options: prior(st.sampled_from(list(options))).map(lambda more: {"choice": options, **more})
    )
    return st.one_of(chosen, st.sampled_from(list(rows)))


SPACES = st.builds(
    lambda rows, general, augmentation: {**rows, **general, "augmentation": augmentation},
    st.fixed_dictionaries({table: row_choice(table) for table in TABLES}),
    level(dict(GENERAL)),
    level({name: row.spec for name, row in AUGMENTATIONS.items()}),
)
SEARCHES = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 2**31),
        "objective": st.sampled_from(OBJECTIVES),
        "factor": st.integers(2, 9),
    },
)


def load_text(text: str) -> Experiment:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "space.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)


@settings(max_examples=60, deadline=None)
@given(space=SPACES, search=SEARCHES)
def test_written_file_is_read_back(space: dict[str, Any], search: dict[str, Any]) -> None:
    experiment = load_text(json.dumps({**HEAD, "space": space, "search": search}))
    again = load_text(experiment.to_yaml())
    assert again.space == experiment.space
    assert again.digest() == experiment.digest()
    assert again.resolved() == experiment.resolved()


@settings(max_examples=60, deadline=None)
@given(space=SPACES, seed=st.integers(0, 2**31))
def test_every_draw_is_in_the_space_and_is_itself_a_file(space: dict[str, Any], seed: int) -> None:
    experiment = load_text(json.dumps({**HEAD, "space": space}))
    rng = np.random.default_rng(seed)
    for _ in range(5):
        around = draw_around_priors(experiment.space, rng)
        assert experiment.space.contains(around)
        values = at_priors(experiment.space).sample(rng)
        assert experiment.space.contains(values)
        preferred = priors(experiment.space)
        assert all(value == preferred[path] for path, value in values.items() if path in preferred)
        values = experiment.space.sample(rng)
        assert experiment.space.contains(values)
        assert adopt(experiment.space, values) == values
        texts = {path: "" if item is None else str(item) for path, item in values.items()}
        assert adopt(experiment.space, typed(texts)) == values
        assert load_text(json.dumps({**HEAD, "space": as_file(values)})).space.sample(rng) == values


def as_file(values: dict[str, Any]) -> dict[str, Any]:
    space: dict[str, Any] = {name: item for name, item in values.items() if "." not in name}
    for table in TABLES:
        prefix = f"{table}.{values[table]}."
        children = {
            name.removeprefix(prefix): item for name, item in values.items() if name.startswith(prefix)
        }
        space[table] = {"choice": {values[table]: children}}
    augmentation = f"{GROUP}."
    space[GROUP] = {
        name.removeprefix(augmentation): item
        for name, item in values.items()
        if name.startswith(augmentation)
    }
    return space


@settings(max_examples=60, deadline=None)
@given(space=SPACES, data=st.data())
def test_every_rejected_file_names_its_line(space: dict[str, Any], data: st.DataObject) -> None:
    lines = load_text(json.dumps({**HEAD, "space": space})).to_yaml().splitlines()
    keyed = [number for number, line in enumerate(lines) if ":" in line]
    at = data.draw(st.sampled_from(keyed))
    key, _, rest = lines[at].partition(":")
    lines[at] = f"{key}_zzzqq:{rest}"
    with pytest.raises(SpaceError) as error:
        load_text("\n".join(lines) + "\n")
    assert f"space.yaml:{at + 1}:{len(key) - len(key.lstrip()) + 1}: " in str(error.value)
    assert "_zzzqq" in str(error.value)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=80) | st.text(alphabet="ab:-[]{}&*!|>'\"#%@`, \n\t0?", max_size=60))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        Document(parse(text, Source("f.yaml", Path())))
        message = "f.yaml:"
    except SpaceError as error:
        message = str(error)
    assert message.startswith("f.yaml:")


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["mel", "cnn", "all", "imagenet", "choice", "/"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choice", "int", "log_float", "step", "x", "mel"]), inner, max_size=3
        )
    ),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(odd=ODD, data=st.data())
def test_any_value_anywhere_is_read_or_refused_with_its_line(
    example: str, odd: Any, data: st.DataObject
) -> None:
    whole = load_text(example).resolved()
    holder, keys = whole, []
    while True:
        key = data.draw(st.sampled_from(list(range(len(holder)) if isinstance(holder, list) else holder)))
        keys.append(key)
        if not isinstance(holder[key], dict | list) or not holder[key] or data.draw(st.integers(0, 5)) == 0:
            break
        holder = holder[key]
    holder[key] = odd
    try:
        load_text(json.dumps(whole, indent=1))
        message = "space.yaml:1:1: "
    except SpaceError as error:
        message = str(error)
    assert all(re.search(r"space\.yaml:\d+:\d+: ", line) for line in message.splitlines())
