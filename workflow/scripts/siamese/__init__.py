"""What more than one script of the workflow needs."""
