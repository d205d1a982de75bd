"""From the data set's files to verified pairs."""

# The files to fetch, or the user's folder.
ORIGINALS = study.paths.data_files or [
    ancient(local(os.path.relpath(study.paths.image_folder)))
]


localrules:
    download,
    partition,


use rule job as download with:
    output:
        files=study.paths.data_files,
    log:
        "<logs>/download.log",
    params:
        # Without its code: the digests decide what the data is.
        script="download.py",
        format=study.config.dataset.format,
        sha256s=dict(study.config.dataset.files),
        # A function of the output is no trigger: nor does it matter where data is from.
        sources=lambda wildcards, output: study.paths.sources,
    message:
        f"Fetching {study.config.dataset.name}"


use rule job as partition with:
    input:
        files=ORIGINALS,
    output:
        images="<results>/dataset/images.npy",
        digest="<results>/dataset/images.sha256",
        labels="<results>/dataset/labels.npy",
        table="<results>/dataset/partition.csv",
        description="<results>/dataset/dataset.json",
    log:
        "<logs>/partition.log",
    resources:
        **needs(growth=lambda wildcards: study.settings.largest_growth),
    params:
        **script_of("partition.py"),
        # A function, or {braces} in a name would be wildcards.
        dataset=lambda wildcards: study.reading,
        # Snakemake does not look into a folder.
        files=lambda wildcards: files_digest(),
        sets=study.classes.sets,
        images_per_class=study.config.dataset.images_per_class,
    message:
        "Putting every image into set A or B"


use rule job as make_pairs with:
    input:
        table=rules.partition.output.table,
    output:
        A="<results>/{protocol}pairs/seed~{seed}/A.csv",
        B="<results>/{protocol}pairs/seed~{seed}/B.csv",
    log:
        "<logs>/{protocol}make_pairs/seed~{seed}.log",
    params:
        **script_of("make_pairs.py"),
        sets=lambda wildcards: study.classes.sets_of(wildcards.protocol),
        pairs=lambda wildcards: study.pair_options(wildcards.protocol),
    message:
        "Making the pairs of {wildcards.protocol}seed {wildcards.seed}"


use rule job as cross_pairs with:
    input:
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
    output:
        crossed="<results>/{protocol}pairs/seed~{seed}/crossed.csv",
    log:
        "<logs>/{protocol}cross_pairs/seed~{seed}.log",
    params:
        **script_of("cross_pairs.py"),
    message:
        "Making the pairs across A and B of {wildcards.protocol}seed {wildcards.seed}"


use rule job as verify_pairs with:
    input:
        originals=ORIGINALS,
        digest=rules.partition.output.digest,
        # ancient: 55 MB need no checksum; any change of it comes with new pairs.
        images=ancient(rules.partition.output.images),
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
        crossed=rules.cross_pairs.output.crossed,
    output:
        counts="<results>/{protocol}verification/seed~{seed}/pairs.json",
    log:
        "<logs>/{protocol}verify_pairs/seed~{seed}.log",
    resources:
        **needs(growth=lambda wildcards: study.settings.largest_growth),
    params:
        **script_of("verify_pairs.py"),
        # A function, or {braces} in a name would be wildcards.
        dataset=lambda wildcards: study.reading,
        sets=lambda wildcards: study.classes.sets_of(wildcards.protocol),
        pairs=lambda wildcards: study.pair_options(wildcards.protocol),
    message:
        "Checking every pair of {wildcards.protocol}seed {wildcards.seed} against the originals"


use rule job as draw_pairs with:
    input:
        images=ancient(rules.partition.output.images),
        dataset=rules.partition.output.description,
        A=rules.make_pairs.output.A,
        B=rules.make_pairs.output.B,
    output:
        figure=shown(
            "<results>/{protocol}verification/seed~{seed}/pairs.png",
            "Checks",
            "random pairs",
            seed="{protocol}{seed}",
        ),
    log:
        "<logs>/{protocol}draw_pairs/seed~{seed}.log",
    params:
        **script_of("draw_pairs.py"),
    message:
        "Drawing random pairs of {wildcards.protocol}seed {wildcards.seed}"


use rule job as verify_loss with:
    output:
        text=shown("<results>/verification/loss.txt", "Checks", "contrastive loss"),
        values="<results>/verification/loss.json",
    log:
        "<logs>/verify_loss.log",
    params:
        **script_of("verify_loss.py"),
        losses=study.losses,
    message:
        "Checking the loss against NumPy"


RESULTS += [*rules.partition.output, *rules.verify_loss.output]
