"""The images: formats, sources, pairs, and the files that jobs store."""
