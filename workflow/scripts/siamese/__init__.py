"""What more than one script of the workflow needs, in rooms (docs/architecture.md)."""
