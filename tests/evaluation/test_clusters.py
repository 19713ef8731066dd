"""Planted groups are found, and what cannot be clustered says so."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_samples, silhouette_score

from tunebench.errors import InputError
from tunebench.evaluation.agreement import agreement
from tunebench.evaluation.cluster_map import draw_map
from tunebench.evaluation.cluster_members import central, distances_to_centre, marks
from tunebench.evaluation.clusters import NOISE, hdbscan, k_means, standardised, unit_length
from tunebench.evaluation.projection import project

SIZES = (30, 20, 12, 12)


@pytest.fixture(scope="module")
def planted():
    """Four far blobs of 8 columns and two points far from all: points (76, 8), their blob, -1 for the two."""
    rng = np.random.default_rng(1)
    truth = np.repeat(np.arange(len(SIZES)), SIZES)
    points = 10.0 * np.eye(8)[truth] + rng.normal(0, 0.5, (len(truth), 8))
    strays = np.array([[40.0] * 8, [-40.0] * 8])
    return np.concatenate([points, strays]), np.concatenate([truth, [NOISE, NOISE]])


def test_k_means_recovers_blobs_and_their_number(planted):
    points, truth = planted[0][:-2], planted[1][:-2]
    found = k_means(points, None, seed=3)
    assert found.count == len(SIZES)
    assert adjusted_rand_score(truth, found.labels) == 1.0
    assert found.sizes == SIZES
    assert found.noise == 0
    assert [number for number, _ in found.tried] == list(range(2, 21))
    assert dict(found.tried)[4] == pytest.approx(silhouette_score(points, truth))
    assert max(found.tried, key=lambda row: row[1])[0] == 4
    given = k_means(points, 4, seed=9)
    np.testing.assert_array_equal(given.labels, found.labels)
    assert given.tried == ()


def test_a_seed_reproduces():
    points = np.random.default_rng(2).normal(size=(60, 5))
    one, other = k_means(points, 6, seed=4), k_means(points, 6, seed=4)
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(project(points, seed=4).places, project(points, seed=4).places)
    order = np.random.default_rng(0).permutation(len(points))
    assert not np.array_equal(one.labels, one.labels[order])


def test_clusters_are_numbered_by_size_then_place(planted):
    found = hdbscan(planted[0])
    assert found.sizes == SIZES
    first = [int(np.flatnonzero(found.labels == cluster)[0]) for cluster in (2, 3)]
    assert first == sorted(first)


def test_hdbscan_leaves_strays_out(planted):
    points, truth = planted
    found = hdbscan(points)
    np.testing.assert_array_equal(found.labels, truth)
    assert (found.count, found.noise) == (4, 2)
    inside = found.labels != NOISE
    np.testing.assert_allclose(
        found.silhouettes[inside], silhouette_samples(points[inside], truth[inside]), rtol=1e-12
    )
    assert np.isnan(found.silhouettes[~inside]).all()
    assert found.silhouette == pytest.approx(silhouette_score(points[inside], truth[inside]))


def test_nothing_but_noise():
    found = hdbscan(np.random.default_rng(5).normal(size=(40, 30)), 15)
    assert (found.count, found.noise, found.sizes, found.silhouette) == (0, 40, (), None)


def test_identical_points_can_stand_among_others():
    points = np.repeat([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 4, axis=0)
    found = k_means(points, None, seed=1)
    assert (found.count, found.silhouette) == (3, 1.0)
    with pytest.raises(InputError, match=r"only 3 different tracks\. Received: 4\. Write --clusters 3"):
        k_means(points, 4, seed=1)


def test_as_many_clusters_as_points_have_no_silhouette():
    found = k_means(np.eye(3), 3, seed=1)
    assert (found.count, found.silhouette) == (3, None)


@pytest.mark.parametrize("method", [lambda x: k_means(x, 2, seed=1), hdbscan])
@pytest.mark.parametrize(
    ("points", "said"),
    [
        (np.eye(1), "1 tracks cannot"),
        (np.eye(2), "at least 3"),
        (np.ones((9, 4)), "all 9 tracks are the same"),
    ],
)
def test_too_little_to_cluster(method, points, said):
    with pytest.raises(InputError, match=said):
        method(points)


@pytest.mark.parametrize("size", [1, 0, 10])
def test_cluster_sizes_that_cannot_be(size):
    with pytest.raises(InputError, match=rf"--min-size: must be from 2 to .*9\. Received: {size}"):
        hdbscan(np.random.default_rng(0).normal(size=(9, 2)), size)


def test_scaling():
    matrix = np.array([[1.0, 5.0], [3.0, 5.0]])
    np.testing.assert_array_equal(standardised(matrix), [[-1, 0], [1, 0]])
    np.testing.assert_allclose(unit_length(np.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])


def test_members(planted):
    points = standardised(planted[0])
    labels = planted[1]
    distances = distances_to_centre(points, labels)
    assert np.isnan(distances[-2:]).all()
    (nearest, second), *_ = central(distances, labels, 2)
    assert distances[nearest] <= distances[second] <= distances[labels == 0].max()
    assert all(
        labels[position] == cluster
        for cluster, of in enumerate(central(distances, labels, 3))
        for position in of
    )
    rows = np.concatenate([np.eye(3)[:1].repeat(5, 0), np.zeros((15, 3))])
    of_first, of_second = marks(standardised(rows), np.repeat([1, 0], [5, 15]), ("loud", "high", "fast"))[
        ::-1
    ]
    assert of_first == [("loud", pytest.approx(3**0.5))]
    assert of_second == [("loud", pytest.approx(-(3**-0.5)))]


def test_agreement():
    labels = ["a"] * 4 + ["b"] * 4 + ["", ""]
    perfect = agreement(np.array([1] * 4 + [0] * 4 + [0, 1]), labels)
    assert perfect is not None
    assert (perfect.ari, perfect.ami, perfect.ari_without_noise) == (1.0, 1.0, None)
    assert (perfect.clusters, perfect.labels) == ((0, 1), ("a", "b"))
    np.testing.assert_array_equal(perfect.counts, [[0, 4], [4, 0]])
    noisy = agreement(np.array([0, 0, 0, NOISE, 1, 1, 1, NOISE, 0, 0]), labels)
    assert noisy is not None
    assert noisy.ari == pytest.approx(adjusted_rand_score([0] * 4 + [1] * 4, [0, 0, 0, 2, 1, 1, 1, 2]))
    assert (noisy.ari_without_noise, noisy.ami_without_noise) == (1.0, 1.0)
    assert noisy.clusters == (0, 1, NOISE)
    np.testing.assert_array_equal(noisy.counts, [[3, 0], [0, 3], [1, 1]])
    assert agreement(np.array([0, 1]), ["a", ""]) is None
    nothing = agreement(np.array([NOISE] * 2), ["a", "b"])
    assert nothing is not None
    assert nothing.ari_without_noise is None


@pytest.mark.parametrize(
    ("count", "columns", "method"), [(3, 1, "PCA"), (11, 4, "PCA"), (12, 1, "t-SNE"), (40, 6, "t-SNE")]
)
def test_maps_of_few_points(count, columns, method):
    projection = project(np.random.default_rng(0).normal(size=(count, columns)), seed=1)
    assert projection.method == method
    assert projection.places.shape == (count, 2)
    assert np.isfinite(projection.places).all()


def test_neighbours_stay_neighbours(planted):
    points, truth = planted[0][:-2], planted[1][:-2]
    assert silhouette_score(project(points, seed=1).places, truth) > 0.5


@pytest.mark.parametrize("names", [0, 3, 40])
def test_pictures_of_any_labels(planted, tmp_path, names):
    found = hdbscan(planted[0])
    labels = [f"label {number % names}" if names else "" for number in range(len(planted[0]))]
    path = draw_map(found, project(planted[0], seed=1), labels, "planted", tmp_path / "new" / "map.png")
    assert path.read_bytes().startswith(b"\x89PNG")
