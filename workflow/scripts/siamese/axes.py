"""The hyper-parameters that make a setting: its columns, in the order of its name."""

SETTING = ["size", "l2", "batch_size", "epochs"]
