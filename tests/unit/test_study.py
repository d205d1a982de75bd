"""The study that a config makes: its grid points, classes, and further divisions."""

import itertools
import random

import pytest
from configs import DEFAULT, OVERLAYS, ROOT, SMALL, grid, study_of, wildcards_of

from siamese.study.pair_counts import Plan
from siamese.study.points import parse_protocol, run_files
from siamese.study.study import with_defaults

PUBLISHED, TRAINED = (3, 6, 7, 8), [0, 1, 2, 4, 5, 9]


def pairs_of(study, protocol):
    """The numbers of pairs that make_pairs makes of 7000 images a class."""
    sets, options = study.classes.sets_of(protocol), study.pair_options(protocol)
    return Plan.of(dict.fromkeys(range(10), 7000), sets, options).pairs


def test_the_published_study():
    study = study_of()
    assert len(study.points) == 2 * 2 * 4 * 4
    folder = "<results>/grid/size~{},l2~{},batch_size~{},epochs~{},seed~0"
    assert study.points[0].folder == folder.format("small", "0.01", 512, 2)
    assert study.points[-1].folder == folder.format("large", "0", 4096, 5)
    a, b = {"test": 16797, "train": 60000, "validation": 7191}, {"test": 55992}
    assert pairs_of(study, "") == {"A": a, "B": b, "crossed": b}
    assert study.classes.sets == {"A": TRAINED, "B": [*PUBLISHED]}
    assert study.losses == [["contrastive", 1.0]]
    assert study.best_point == study.points[0]


POINTS = {"quick": 4, "figures": 8, "optimum": 8, "precision": 12, "full": 5 * 64}
POINTS |= {"replicates": 10 * 8, "leakage": 5 * 2 * 8, "divisions": 21 * 8}
# 15 pairs of A's six classes, and the study's own division.
POINTS |= {"choice": 16 * 64, "search": 9 * 7, "best": 26 * 2, "judged": 17 * 7}
POINTS |= {"poses": 10 * 17, "poses_quick": 3, "poses_divisions": 17 * 3}
POINTS |= {f"datasets/{name}": 64 for name in ("fashion_mnist", "kmnist", "mnist")}


@pytest.mark.parametrize("name", sorted({*OVERLAYS} - {"datasets/folder"}))
def test_overlays(name):
    # One is laid over another.
    below = OVERLAYS["search"] if name == "judged" else {}
    study = study_of(with_defaults(below | OVERLAYS[name], ROOT))
    # Somebody's own may have any number.
    assert len(study.points) == POINTS.get(name, len(study.points))


def test_the_command_line_has_texts_for_none():
    for text in ("null", "none", "None", ""):
        config = with_defaults({"claims": text, "threshold": text, "best": text}, ROOT)
        assert study_of(config) == study_of(threshold=None)


def test_two_ways_to_split_are_two_runs_of_a_seed():
    study = study_of(**grid(split_by=["images", "pairs"]), seeds=[3, 4])
    assert (len(study.points), len(study.main_points)) == (2 * 64 * 2, 64 * 2)
    assert (study.ways, study.split_by) == (["images", "pairs"], "pairs")
    assert run_files(study.points, "a", "b")[3:] == ["<results>/a/seed~4/b"]
    # 5001, 599 and 1400 of 7000 images a class
    parts = {"test": 12 * 1399, "train": 12 * 5000, "validation": 12 * 598}
    assert pairs_of(study, "split_by~images/")["A"] == parts


def test_each_point_once_and_a_larger_sample_contains_a_smaller_one():
    def folders(**options):
        return [point.folder for point in study_of(**grid(**options)).points]

    more = DEFAULT["grid"] | {"l2": [-0.0, 0.02, 1e-5]}
    points = study_of(grid=[DEFAULT["grid"], more]).points
    assert len(points) == len({point.folder for point in points}) == 64 + 2 * 32
    assert {wildcards_of(p)["l2"] for p in points} == {"0.01", "0", "0.02", "1e-05"}
    five, twenty, every = (folders(sample=n) for n in (5, 20, 1000))
    assert (len(five), len(twenty), len(every)) == (5, 20, 64)
    assert {*five} < {*twenty} < {*every}
    assert folders(sample=20) == twenty != folders(sample=20, sample_seed=1)
    # No more than those drawn are looked at, of 64 * 10^10 combinations.
    many = {"learning_rate": [n / 1e7 for n in range(1, 10**5)]}
    assert len(folders(sample=3, dropout=[n / 1e6 for n in range(10**5)], **many)) == 3


def test_a_longer_run_continues_the_next_shorter_one():
    study = study_of(SMALL, grid=SMALL["grid"][0] | {"epochs": [9, 2, 5]})
    assert [sorted(epochs) for epochs in study.chains.values()] == [[2, 5, 9]] * 4
    for point in study.points:
        shorter = {2: None, 5: 2, 9: 5}[point.setting["epochs"]]
        assert study.shorter(wildcards_of(point)) == shorter
    assert study.shorter(wildcards_of(study.points[0]) | {"l2": "0.03"}) is None


def test_the_model_to_take_away():
    best = {"size": "large", "l2": 0, "batch_size": 512, "epochs": 3}
    point = study_of(best=best, margin=2.0).best_point
    assert point.setting.items() >= (best | {"margin": 2.0}).items()
    with pytest.raises(SystemExit, match="Config: best: found "):
        study_of(best=best | {"head": "unit"}).best_point  # noqa: B018


def test_labels_name_the_grid_point():
    study = study_of(SMALL)
    labels = {"size": "large", "L2": "0.01", "batch size": "32", "epochs": "3"}
    labels |= {"further": "", "split by": "pairs", "unseen classes": "0-1", "seed": "7"}
    assert study.labels(wildcards_of(study.points[-1])) == labels


def unseen_of(**options):
    sets = study_of(divisions=options).classes.divisions.values()
    return [tuple(division["B"]) for division in sets]


def test_listed_divisions_follow_the_own_one():
    options = {"folds": [], "unseen": [[9, 2, 5, 4], ["Bag", 0]]}
    study = study_of(SMALL, seeds=[1, 2], divisions=options)
    assert [*study.classes.divisions.values()][1:] == [
        {"A": [0, 1, 3, 6, 7, 8], "B": [2, 4, 5, 9], "left_out": []},
        {"A": [1, 2, 3, 4, 5, 6, 7, 9], "B": [0, 8], "left_out": []},
    ]
    protocols = [""] * 6 + ["unseen~2-4-5-9/"] * 3 + ["unseen~0-8/"] * 3
    assert [point.protocol for point in study.points] == protocols
    assert [point.seed for point in study.points] == [1, 2] * 3 + [7] * 6
    assert study.own_points == study.main_points == study.points[:6]
    assert (study.division_columns, study_of().division_columns) == (["unseen"], [])
    # Eight classes instead of six
    assert pairs_of(study, "unseen~0-8/")["A"]["train"] == 80000


def test_folds_leave_b_out():
    study = study_of(divisions={"folds": [["Trouser", 0], [5, 9]], "seeds": [7]})
    protocol, point = "unseen~0-1,left_out~3-6-7-8/", study.points[64]
    sets = {"A": [2, 4, 5, 9], "B": [0, 1], "left_out": [*PUBLISHED]}
    assert study.classes.sets_of(protocol) == sets
    assert point.folder.startswith(f"<results>/{protocol}grid/size~small,l2~0.01,")
    assert point.as_record("unseen", "epochs") == {"unseen": "0-1", "epochs": 2}
    # Four of six classes: 4 * 2 * 6999 pairs, and as large a share of 60 000.
    a, b = {"test": 11198, "train": 40000, "validation": 4794}, {"test": 2 * 2 * 6999}
    assert pairs_of(study, protocol) == {"A": a, "B": b, "crossed": b}
    assert unseen_of(folds=2) == [PUBLISHED, *itertools.combinations(TRAINED, 2)]


def test_a_protocol_says_division_and_split():
    names = {"classes": [f"class {n}" for n in range(11)], "images_per_class": None}
    more = {"sets": {"A": [10, *TRAINED]}, **grid(split_by=["pairs", "images"])}
    for options in ({"unseen": [[10, 0]]}, {"folds": [[5, 10]]}):
        points = study_of(dataset=names, divisions=options, **more).points
        assert len({point.protocol for point in points}) == 4
        for point in points:
            assert parse_protocol(point.protocol) == (point.division, point.split_by)


def test_a_sample_of_divisions_is_of_all_but_the_own():
    twenty = unseen_of(sample=20)
    assert len({*twenty}) == 21 and twenty[0] == PUBLISHED
    assert twenty[1] == tuple(sorted(random.Random(0).sample(range(10), 4)))
    assert unseen_of(sample=8) == twenty[:9]
    assert unseen_of(sample=20) == twenty != unseen_of(sample=20, sample_seed=1)
    assert sorted(unseen_of(sample=1000)) == [*itertools.combinations(range(10), 4)]
    # The search and its judge have no further division in common.
    search, best = (study_of(**OVERLAYS[name]) for name in ("search", "best"))
    assert len({*search.classes.divisions} & {*best.classes.divisions}) == 1
