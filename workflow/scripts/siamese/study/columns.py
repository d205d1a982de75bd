"""Names of columns and test sets that all tables share."""

TEST_SETS = ("A", "B", "joint", "crossed")
# The value of `method` for trained settings; other rows are baselines.
TRAINED = "siamese"
# The column with a run's division of the classes, empty for the study's own.
UNSEEN = "unseen"


def column(metric, test_set):
    """Name of the column of a metric on a test set, in all tables."""
    return f"{metric}_{test_set.lower()}"


# Columns of the published accuracies, by test set.
PUBLISHED = {name: column("published", name) for name in ("A", "B", "joint")}
