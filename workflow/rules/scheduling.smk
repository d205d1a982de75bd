"""One pending look at the jobs that are ready, not one for each finished job.

Snakemake 9.27 asks, at the end of each look for jobs to start, for another one a
second later, so that every finished job adds looks without end: a thousand a second
after a thousand jobs, more than a core can do. One pending look does the same.
"""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler


def look_again_once(scheduler, delay):
    """Look for jobs to start after `delay` seconds, if that is not to happen anyway."""

    def look():
        scheduler.look_is_pending = False
        scheduler._open_jobs.release()

    if not getattr(scheduler, "look_is_pending", False):
        scheduler.look_is_pending = True
        timer = threading.Timer(delay, look)
        timer.daemon = True
        timer.start()


if hasattr(JobScheduler, "_schedule_reevalutation"):
    JobScheduler._schedule_reevalutation = look_again_once
