"""Rule partition: merge the files and put every image into set A or B."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from siamese.data.dataset import read_dataset
from siamese.data.image_folder import listing
from siamese.data.stored import write_json, write_text
from siamese.errors import StudyError
from siamese.study.pair_counts import complete_sets


def count_copies(content):
    """The number of images whose pixels an earlier image of their class has, and of
    those whose pixels only one of another class has.
    """
    seen, copies = {}, {"within_classes": 0, "between_classes": 0}
    labels = content.labels.tolist()
    for pixels, label in zip(content.pixels, labels, strict=True):
        classes = seen.setdefault(pixels, set())
        if classes:
            copies["within_classes" if label in classes else "between_classes"] += 1
        classes.add(label)
    return copies


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    content = read_dataset(snakemake.input.files, params.dataset)
    counts, n = content.counts(), params.images_per_class
    print("Pixels by type:", content.ranges, "- files left out:", content.left_out)
    if n is not None and {*counts.values()} != {n}:
        expected = f"expected {n} of each (dataset.images_per_class in the config)"
        raise StudyError(f"Images by class: {counts}, {expected}")
    sets = complete_sets(params.sets, list(counts))
    set_of_class = {label: name for name, classes in sets.items() for label in classes}
    table = pd.DataFrame({"class": content.labels})
    table["set"] = table["class"].map(set_of_class)
    for name, classes in sets.items():
        print(f"{name}:", ", ".join(content.names[label] for label in classes))
    copies = count_copies(content)
    print("Copies left out:", copies)
    np.save(output.images, content.images)
    sha256 = hashlib.sha256(Path(output.images).read_bytes()).hexdigest()
    write_text(output.digest, f"{sha256}  images.npy")
    np.save(output.labels, content.labels)
    # Equal pictures are one: they are no pair, nor on two sides of a split.
    table.loc[content.distinct].to_csv(output.table, index_label="image")
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
