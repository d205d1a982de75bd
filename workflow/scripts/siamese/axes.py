"""The hyper-parameters that make a setting, in the order of a folder's name."""

# Name and type of each.
AXES = {"size": str, "l2": float, "batch_size": int, "epochs": int}
SETTING = list(AXES)


def name_setting(setting):
    """A setting (size, l2, batch_size, epochs) in words."""
    size, l2, batch_size, epochs = setting
    penalty = f"L2 {l2:g}" if l2 else "no L2"
    return f"{size}, {penalty}, batch size {batch_size}, {epochs} epochs"
