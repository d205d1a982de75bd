"""Rule partition: merge the files and put every image into set A or B."""

import numpy as np
import pandas as pd

from siamese.errors import StudyError
from siamese.idx import read_merged
from siamese.job import logged


def partition(labels, sets):
    """Put each image into the set that holds its class.

    Parameters
    ----------
    labels : numpy.ndarray of uint8, shape (n,)
    sets : dict of str to list of int
        The classes of each set.

    Returns
    -------
    pandas.DataFrame
        Columns image, class, set; one row an image, in the order of `labels`.
    """
    set_of_class = {label: name for name, classes in sets.items() for label in classes}
    return pd.DataFrame(
        {
            "image": np.arange(len(labels)),
            "class": labels,
            "set": pd.Series(labels).map(set_of_class),
        }
    )


def check_partition(table, labels, sets, images_per_class):
    """Prove that `table` partitions the images.

    Raises
    ------
    StudyError
        Names the first image or class that is wrong.
    """
    uses = table["image"].value_counts()
    uses = uses.reindex(uses.index.union(range(len(labels))), fill_value=0)
    wrong = uses[(uses != 1) | (uses.index >= len(labels)) | (uses.index < 0)]
    if len(wrong):
        raise StudyError(
            f"Image {wrong.index[0]}: {wrong.iloc[0]} rows in the table, expected "
            f"1 for each of the images 0 to {len(labels) - 1}"
        )
    for image, label, name in table.itertuples(index=False):
        if label != labels[image] or name not in sets or label not in sets[name]:
            raise StudyError(
                f"Image {image} of class {labels[image]}: listed in set {name} as "
                f"class {label}, expected a set that holds its class"
            )
    for name, classes in sets.items():
        for label in classes:
            found = int((table["class"] == label).sum())
            if found != images_per_class:
                raise StudyError(
                    f"Set {name}, class {label}: {found} images, expected "
                    f"{images_per_class} (dataset.images_per_class in the config)"
                )


def main(snakemake, output):
    params = snakemake.params
    images, labels = read_merged(
        dict(zip(params.sha256s, snakemake.input, strict=True)), params.sha256s
    )
    table = partition(labels, params.sets)
    check_partition(table, labels, params.sets, params.images_per_class)
    np.save(output.images, images)
    np.save(output.labels, labels)
    table.to_csv(output.table, index=False)
    print(table.groupby(["set", "class"]).size())


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
