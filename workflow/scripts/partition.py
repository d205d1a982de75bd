"""Rule partition: merge the files and put every image into set A or B."""

import hashlib

import numpy as np
import pandas as pd

from siamese.datasets import read_dataset
from siamese.errors import StudyError
from siamese.image_folder import listing
from siamese.job import logged
from siamese.splits import complete_sets
from siamese.stored import write_json, write_text

# With more, the digest of all says enough.
MOST_FILES = 100


def partition(labels, sets):
    """Put each image into the set that holds its class.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (n,)
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
            if images_per_class not in (None, found):
                raise StudyError(
                    f"Set {name}, class {label}: {found} images, expected "
                    f"{images_per_class} (dataset.images_per_class in the config)"
                )


def main(snakemake, output):
    params = snakemake.params
    content = read_dataset(snakemake.input.files, params.dataset)
    counts = content.counts()
    sets = complete_sets(params.sets, list(counts))
    table = partition(content.labels, sets)
    check_partition(table, content.labels, sets, params.images_per_class)
    np.save(output.images, content.images)
    with open(output.images, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    write_text(output.digest, f"{sha256}  images.npy")
    np.save(output.labels, content.labels)
    table.to_csv(output.table, index=False)
    description = {
        "digest": content.digest,
        "shape": list(content.images.shape[1:]),
        "classes": [
            {"id": label, "name": name, "images": counts[label]}
            for label, name in enumerate(content.names)
        ],
    }
    if params.dataset["format"] == "folder":
        description["listing"] = listing(*snakemake.input.files, content.names)
    if len(content.files) <= MOST_FILES:
        description["files"] = content.files
    write_json(output.description, description)
    print(table.groupby(["set", "class"]).size())


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
