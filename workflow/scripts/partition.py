"""Rule partition: merge the files and put every image into set A or B."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from siamese.data.dataset import read_dataset
from siamese.data.image_folder import listing
from siamese.data.stored import write_json, write_text
from siamese.errors import StudyError
from siamese.job import run
from siamese.study.pair_counts import complete_sets


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    content = read_dataset(snakemake.input.files, params.dataset)
    counts, n = content.counts(), params.images_per_class
    if n is not None and {*counts.values()} != {n}:
        expected = f"expected {n} of each (dataset.images_per_class in the config)"
        raise StudyError(f"Images by class: {counts}, {expected}")
    sets = complete_sets(params.sets, list(counts))
    set_of_class = {label: name for name, classes in sets.items() for label in classes}
    table = pd.DataFrame({"class": content.labels})
    table["set"] = table["class"].map(set_of_class)
    np.save(output.images, content.images)
    sha256 = hashlib.sha256(Path(output.images).read_bytes()).hexdigest()
    write_text(output.digest, f"{sha256}  images.npy")
    np.save(output.labels, content.labels)
    table.to_csv(output.table, index_label="image")
    names = enumerate(content.names)
    description = {
        "digest": content.digest,
        "shape": list(content.images.shape[1:]),
        "classes": [{"id": i, "name": name, "images": counts[i]} for i, name in names],
    }
    if params.dataset["format"] == "folder":
        description["listing"] = listing(*snakemake.input.files, content.names)
    # Digests of very many files would fill the description; it has that of all.
    if len(content.files) <= 100:
        description["files"] = content.files
    write_json(output.description, description)


if __name__ == "__main__":
    run(main, snakemake)
