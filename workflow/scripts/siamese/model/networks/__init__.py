"""Networks, one a file; a file name is a value of the axis `network`."""
