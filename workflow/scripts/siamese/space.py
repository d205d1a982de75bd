"""Which file system is full, where something could not be written."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from siamese.errors import StudyError

FULL = (errno.ENOSPC, errno.EDQUOT)
ALMOST_NOTHING = 2**20
RUN_AGAIN = "and run the same command again"


def number_of(error):
    """The errno of an exception that comes from a full disk or quota, or None."""
    for number in FULL:
        # HDF5 and apt-get have the number in their text alone.
        if getattr(error, "errno", None) == number or os.strerror(number) in str(error):
            return number
    return None


def refusal_to_write(path):
    """The errno with which a file, or one in a folder, cannot get longer, or None.

    Nothing else tells of a quota. A file may be longer afterwards.
    """
    folder = os.path.isdir(path)
    try:
        with tempfile.TemporaryFile(dir=path) if folder else open(path, "ab") as file:
            # By chance, since a file system may store zeros in no space.
            file.write(os.urandom(ALMOST_NOTHING))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno
    return None


def existing(path):
    """The path, or the nearest folder above it that is there."""
    path = Path(path).resolve()
    return next(each for each in (path, *path.parents) if each.exists())


def mount_point(path):
    """The folder at which the file system of a path begins."""
    there = existing(path)
    return next(each for each in (there, *there.parents) if each.is_mount())


def megabytes(path):
    """How much space the file system of a path has, in words."""
    has = os.statvfs(existing(path))
    free, total = (n * has.f_frsize / 1e6 for n in (has.f_bavail, has.f_blocks))
    return f"{free:.1f} of {total:.1f} MB are free"


def lack(path, number=None):
    """What the file system of a path has none of, in words, or None.

    Parameters
    ----------
    path : path
    number : int
        The errno with which writing there has failed, if it has.
    """
    has, place = os.statvfs(existing(path)), f"the file system {mount_point(path)}"
    # One that makes inodes as they are needed has 0 of 0.
    if has.f_files and not has.f_favail:
        return f"no inode for another file is left on {place}"
    if number == errno.EDQUOT:
        return f"the disk quota is used up on {place}"
    if number or has.f_bavail * has.f_frsize < ALMOST_NOTHING:
        return f"no space is left on {place}, {megabytes(path)}"
    return None


def temporary_folders():
    """Where programs write for a moment; Python not to TMPDIR if it cannot at all."""
    folders = [os.environ.get("TMPDIR")]
    with contextlib.suppress(OSError):
        folders.append(tempfile.gettempdir())
    return [os.path.abspath(folder) for folder in folders if folder]


def complaint(path, number):
    """The error that a file, or one in a folder, could not be written."""
    path = Path(path).absolute()
    elsewhere = not path.is_relative_to(Path.cwd())
    if elsewhere and any(map(path.is_relative_to, temporary_folders())):
        remedy = "free some, or set TMPDIR to a folder on another one,"
    else:
        remedy = "free some,"
    return StudyError(
        f"{path}: could not be written, {lack(path, number)}; {remedy} {RUN_AGAIN}"
    )


def explain(error, files=None, folders=()):
    """What an exception that comes from a full file system tells a user, or None.

    Parameters
    ----------
    error : BaseException
    files : dict of str to str
        The final names of files that were to be written, by the names that they have
        now, in their order. Those that are there may be longer afterwards.
    folders : list of str
        Others to which something may have been written.

    Returns
    -------
    StudyError
        It names the file or folder, and the file system.
    """
    files = files or {}
    begun = [path for path in reversed(files) if os.path.lexists(path)]
    candidates = begun or list(files)[:1]
    while True:
        if error is None or isinstance(error, StudyError):
            return None
        if number := number_of(error):
            named = getattr(error, "filename", None)
            if isinstance(named, str):
                return complaint(files.get(named, named), number)
            caches = (os.environ.get("XDG_CACHE_HOME"), os.path.expanduser("~"))
            candidates += [*folders, *temporary_folders(), *filter(None, caches)]
            break
        # NumPy says nothing but OSError, and not of full disks alone.
        if isinstance(error, OSError) and error.errno is None:
            break
        error = error.__cause__ or error.__context__
    for path in candidates:
        if (found := refusal_to_write(path)) in FULL:
            return complaint(files.get(path, path), found)
    if not number:
        return None
    # It was that of files which are gone by now, such as a library's temporary ones.
    places = {mount_point(path): megabytes(path) for path in candidates}
    listed = [f"{place} ({space})" for place, space in places.items()]
    return StudyError(
        f"{os.strerror(number)}, and now there is again, on one of the file systems "
        f"{', '.join(listed)}; free some, {RUN_AGAIN}"
    )
