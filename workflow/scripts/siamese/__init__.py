"""What more than one script of the workflow needs, in rooms.

Imports go one way: report, stats, data and model, study.
"""
