"""Rule partition: merge the files and put every image into set A or B."""

import numpy as np
import pandas as pd

from siamese.data.dataset import read_dataset
from siamese.data.image_folder import listing
from siamese.data.stored import write_json, write_text
from siamese.errors import StudyError
from siamese.records import sha256_of
from siamese.study.pair_counts import complete_sets


def divide(content, sets):
    """The class and the set of each image, as a data frame, and the numbers of copies.

    Equal images are one, the first: they are no pair, nor on two sides of a split.
    """
    set_of_class = {label: name for name, classes in sets.items() for label in classes}
    table = pd.DataFrame({"class": content.labels, "pixels": content.pixels})
    table["set"] = table["class"].map(set_of_class)
    copied, within = (table.duplicated(k) for k in ("pixels", ["pixels", "class"]))
    copies = {"within_classes": int(within.sum())}
    copies["between_classes"] = int((copied & ~within).sum())
    return table.loc[~copied, ["class", "set"]], copies


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    content = read_dataset(snakemake.input.files, params.dataset)
    counts, n = content.counts(), params.images_per_class
    if n is not None and {*counts.values()} != {n}:
        expected = f"expected {n} of each (dataset.images_per_class in the config)"
        raise StudyError(f"Images by class: {counts}, {expected}")
    sets = complete_sets(params.sets, list(counts))
    table, copies = divide(content, sets)
    np.save(output.images, content.images)
    write_text(output.digest, f"{sha256_of(output.images)}  images.npy")
    np.save(output.labels, content.labels)
    table.to_csv(output.table, index_label="image")
    names = enumerate(content.names)
    description = {
        "digest": content.digest,
        "shape": list(content.images.shape[1:]),
        "classes": [{"id": i, "name": name, "images": counts[i]} for i, name in names],
        "pixels": content.ranges,
        "preparation": params.dataset["preparation"],
        "copies_left_out": copies,
        "files_left_out": content.left_out,
    }
    if params.dataset["format"] == "folder":
        description["listing"] = listing(*snakemake.input.files, content.names)
    # Digests of very many files would fill the description; it has that of all.
    if len(content.files) <= 100:
        description["files"] = content.files
    write_json(output.description, description)
