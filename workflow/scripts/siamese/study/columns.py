"""Names of columns and test sets that all tables share."""

TEST_SETS = ("A", "B", "joint", "crossed")
# The value of `method` for trained settings; other rows are baselines.
TRAINED = "siamese"
# The column with a run's division of the classes, empty for the study's own.
UNSEEN = "unseen"


def column(metric, test_set, posed=False):
    """Name of the column of a metric on a test set, in all tables; the mean over
    moderate poses if `posed`.
    """
    return f"{metric}_{test_set.lower()}{'_posed' * posed}"


# Columns of the published accuracies, by test set.
PUBLISHED = {name: column("published", name) for name in ("A", "B", "joint")}
