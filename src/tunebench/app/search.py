"""The main job: prepare, search, choose, test once, export."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from tunebench.app.corpus import Progress, prepare_data, wants_features
from tunebench.app.earlier import EVENT, find_earlier, note_earlier
from tunebench.app.folder import search_folder
from tunebench.app.options import DEFAULTS, Options
from tunebench.app.plan import signal_of
from tunebench.app.session import check_space, finished_summary, named_weights, open_session
from tunebench.audio.manifest import read
from tunebench.quiet import import_tensorflow
from tunebench.search.protocols import Listener
from tunebench.space import Experiment
from tunebench.space.feasible import check_feasible
from tunebench.training.data import TrainingData
from tunebench.training.variants import variants_in, with_variants


def search(
    experiment: Experiment,
    options: Options = DEFAULTS,
    *,
    listeners: Sequence[Listener] = (),
    on_decode: Progress | None = None,
    on_data: Callable[[TrainingData], None] | None = None,
    on_variants: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Run a search to its end, from wherever an earlier call of the same name left it.

    TensorFlow is imported once the data stands: what is wrong with it is said at once, and so is the
    result of a search that was finished before. Where `should_stop` says so, KeyboardInterrupt is raised once
    an epoch has ended.

    Returns:
        The summary, as in `summary.json`.

    Raises:
        InputError: the file, the space, the data or the folder is wrong.
        SearchError: nothing could be trained, or the export differs from the trained model.
        StorageError: a disk is full or not writable; the same call goes on later.
    """
    folder = search_folder(experiment.name)
    begun = time.perf_counter()
    finished, earlier = None if options.fresh else finished_summary(folder, experiment), None
    if finished is None:
        check_feasible(experiment.space, signal_of(experiment))
        check_weights(experiment)
        earlier = find_earlier(experiment, fresh=options.fresh)
    elif not experiment.data.root.exists():  # its audio is needed no more
        check_space(experiment, folder)
        return finished
    if options.fresh:
        read(experiment.data)  # what is wrong with the data is said before anything is moved
        folder.set_aside()
    features = wants_features(experiment.space)
    data = prepare_data(experiment.data, features=features, progress=on_decode)
    with closing(open_session(experiment, data)) as session:
        summary = finished_summary(folder, experiment)
        if summary is not None:
            return summary
        if on_data:
            on_data(data)
        data = with_variants(data, variants_in(experiment.space), progress=on_variants)
        session.begin()
        session.journal.append("phase", name="prepare", seconds=time.perf_counter() - begun)
        if earlier is not None and session.find(EVENT) is None:
            sources = note_earlier(earlier, experiment, data, session)
            for listener in listeners:
                listener.on_warm_start(sources)
        import_tensorflow()
        from tunebench.training.runtime import set_up

        set_up()
        from tunebench.app.run import run

        return run(experiment, data, session, listeners, options, should_stop=should_stop)


def check_weights(experiment: Experiment) -> None:
    """Have the weights of every backbone of the space at hand before anything is trained.

    Raises:
        InputError: weights that the space names cannot be had.
    """
    named = named_weights(experiment)
    if all(weights == "random" for _, weights in named):
        return
    import_tensorflow()
    from tunebench.backbones.weights import locate

    for backbone, weights in named:
        locate(backbone, weights)
