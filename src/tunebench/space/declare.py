"""The `space` section of a file: from values to parameters, each checked against the catalog."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tunebench.catalog.augmentations import GROUP
from tunebench.catalog.spec import Scalar, Spec
from tunebench.space.document import Document, KeyPath, is_list, is_mapping
from tunebench.space.locate import absolute
from tunebench.space.parameters import Choice, Fixed, Parameter, Tunable, same
from tunebench.space.priors import expected, nearest_value, with_prior, written
from tunebench.space.problems import Problems
from tunebench.space.ranges import FORMS_OF_TYPE, RANGE_FORMS, RangeReader
from tunebench.space.space import Space
from tunebench.space.suggest import shown, suggestion
from tunebench.space.vocabulary import AUGMENTATION, EXAMPLES, TOP, children, chooses_row, normal, rows_with

FORMS = ("choice", *RANGE_FORMS)
_STEP, _PRIOR = "step", "prior"


def read_space(document: Document, problems: Problems) -> Space:
    """Read `space`; what is wrong goes to `problems`, and stands as its default in the result."""
    reader = _Reader(document, problems)
    top = reader.level(("space",), "", TOP)
    augmentation = reader.level(("space", GROUP), f"{GROUP}.", AUGMENTATION)
    return Space(top | {f"{GROUP}.{name}": parameter for name, parameter in augmentation.items()})


class _Reader:
    def __init__(self, document: Document, problems: Problems) -> None:
        self._document, self._problems = document, problems
        self._ranges = RangeReader(problems)

    def level(self, at: KeyPath, prefix: str, specs: Mapping[str, Spec]) -> dict[str, Parameter]:
        """All parameters of `specs`: those declared at `at`, the others fixed to their defaults."""
        declared = self._document.get(at)
        if declared is None:
            declared = {}
        elif not is_mapping(declared):
            example = "{spectrogram: mel, backbone: cnn}" if not prefix else "{}"
            self._problems.value(at, "must be a mapping of parameters", example)
            return {}
        self._refuse_unknown(at, prefix, specs, declared)
        found: dict[str, Parameter] = {}
        for name, spec in specs.items():
            if name in declared:
                found[name] = self._parameter((*at, name), prefix + name, spec, declared[name])
            elif name in EXAMPLES and not prefix:
                self._problems.missing((*at, name), f"{name}: {EXAMPLES[name]}")
            else:
                found[name] = Fixed(normal(spec, spec.default))
        return found

    def _refuse_unknown(self, at: KeyPath, prefix: str, specs: Mapping[str, Spec], declared: Any) -> None:
        for key in declared:
            if key in specs or (key == GROUP and not prefix):
                continue
            places = [] if prefix else rows_with(str(key))
            if places:
                rule = f"belongs to {', '.join(places)}, not to the top of the space"
                self._problems.key_rule((*at, key), rule, f"it below {places[0]}")
            elif specs:
                self._problems.key((*at, key), specs)
            else:
                self._problems.key_rule((*at, key), "is unknown: this option has no parameters", "{} instead")

    def _parameter(self, at: KeyPath, path: str, spec: Spec, declared: Any) -> Parameter:
        fallback = Fixed(normal(spec, spec.default))
        if is_list(declared):
            self._problems.value(at, "must be one value or a mapping", f"{{choice: {shown(declared)}}}")
            return fallback
        if not is_mapping(declared):
            value = self._value(at, spec, declared)
            if chooses_row(path):
                return Choice((value,), {value: self._defaults(children(path, value))})
            return Fixed(value)
        form = self._form(at, spec, declared)
        if form is None:
            return fallback
        found: Tunable | None
        if form == "choice":
            found = self._choice((*at, form), path, spec, declared[form])
        else:
            found = self._ranges.read(at, spec, form, declared)
        if found is None:
            return fallback
        return self._prior((*at, _PRIOR), spec, found) if _PRIOR in declared else found

    def _prior(self, at: KeyPath, spec: Spec, parameter: Tunable) -> Tunable:
        """The parameter with the prior that is declared at `at`, if that is one of its values."""
        value = normal(spec, self._document.get(at))
        if spec.type == "path" and isinstance(value, str) and not parameter.contains(value):
            with suppress(ValueError):
                value = str(absolute(self._document.mark(at).source.folder, value))
        if parameter.contains(value):
            return with_prior(parameter, value)
        self._problems.value(at, f"must be {expected(parameter)}", written(nearest_value(parameter, value)))
        return parameter

    def _form(self, at: KeyPath, spec: Spec, declared: Mapping[Scalar, Any]) -> str | None:
        """The one form that a mapping declares, or None where it is wrong."""
        forms = [form for form in FORMS if form in declared]
        known = {*FORMS, _PRIOR, *([_STEP] if "int" in forms else [])}
        stray = [key for key in declared if key not in known]
        for key in stray:
            if key == _STEP and forms:
                self._problems.key_rule((*at, key), "goes with int alone", "nothing here: leave it out")
            else:
                self._problems.key((*at, key), ("choice", *FORMS_OF_TYPE.get(spec.type, ()), _PRIOR))
        if len(forms) > 1:
            self._problems.value(at, "must have one form of choice or range", "one of them")
        elif not forms and not stray:
            self._problems.value(at, "must say what may be chosen", f"{{choice: [{shown(spec.default)}]}}")
        return forms[0] if len(forms) == 1 and not stray else None

    def _choice(self, at: KeyPath, path: str, spec: Spec, declared: Any) -> Choice | None:
        if not (is_list(declared) or is_mapping(declared)) or not declared:
            example = "{mel: {}}" if chooses_row(path) else f"[{shown(spec.default)}]"
            self._problems.value(at, "must be a list of options, or a mapping of options, not empty", example)
            return None
        if is_mapping(declared):
            return self._mapped(at, path, spec, declared)
        options: list[Scalar] = []
        seen: list[Any] = []
        for index, item in enumerate(declared):
            option = self._value((*at, index), spec, item)
            if any(same(normal(spec, item), other) for other in seen):
                self._problems.value((*at, index), "stands twice among the options", "each option once")
            options.append(option)
            seen.append(normal(spec, item))
        if not chooses_row(path):
            return Choice(tuple(options))
        ordered = _in_order(options, spec)
        return Choice(ordered, {option: self._defaults(children(path, option)) for option in ordered})

    def _mapped(self, at: KeyPath, path: str, spec: Spec, declared: Mapping[Scalar, Any]) -> Choice | None:
        known: dict[Scalar, Mapping[str, Parameter]] = {}
        for option in declared:
            rule = spec.fault(option)
            if rule:
                self._problems.key_rule((*at, option), rule, f"{suggestion(spec, option)} instead")
                continue
            value = self._value((*at, option), spec, option)
            specs = children(path, option)
            known[value] = self.level((*at, option), f"{path}.{option}.", specs)
        ordered = _in_order(list(known), spec)
        named = chooses_row(path) or any(known.values())
        below = {option: known[option] for option in ordered} if named else {}
        return Choice(ordered, below) if ordered else None

    def _defaults(self, specs: Mapping[str, Spec]) -> dict[str, Parameter]:
        return {name: Fixed(normal(spec, spec.default)) for name, spec in specs.items()}

    def _value(self, at: KeyPath, spec: Spec, value: Any) -> Scalar:
        """`value` as the catalog has it; a path is made absolute."""
        rule = spec.fault(value)
        if rule is None and spec.type == "path" and value not in spec.options:
            try:
                file = absolute(self._document.mark(at).source.folder, value)
            except ValueError as error:
                rule = str(error)
            else:
                if os.path.isfile(file):
                    return str(file)
                words = ", ".join(map(str, spec.options))
                rule = f"must be one of {words}, or the path of a file; there is no {file}"
        if rule is not None:
            self._problems.value(at, rule, suggestion(spec, value))
            return normal(spec, spec.default)
        return normal(spec, value)


def _in_order(options: list[Scalar], spec: Spec) -> tuple[Scalar, ...]:
    """Options in the catalog's order, so that the order of keys in the file does not matter."""

    def rank(option: Scalar) -> tuple[int, str]:
        place = spec.options.index(option) if option in spec.options else len(spec.options)
        number = f"{option:030.9f}" if isinstance(option, int | float) else str(option)
        return place, number

    return tuple(sorted(options, key=rank))
