"""A study: its options, axes, grid points, classes, paths and claims."""
