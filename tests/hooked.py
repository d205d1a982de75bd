"""A Python that does something of a test's own when it starts.

Jobs are given no variables or modules of the account, so the hook is in an
environment's own packages.
"""

import sysconfig
import venv


def hooked_python(folder, hook):
    """Make an environment with the packages of this one and a hook.

    Parameters
    ----------
    folder : pathlib.Path
        Where; it may be there already, then only the hook is new.
    hook : str
        Code that each of its processes runs when it starts.

    Returns
    -------
    str
        Path of its Python.
    """
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Not as a path alone, for the sake of files .pth in it. In ASCII, since before
    # Python 3.13 it is read in the locale's encoding.
    others = sysconfig.get_path("purelib")
    (packages / "others.pth").write_text(f"import site; site.addsitedir({others!a})\n")
    # No sitecustomize: the system may have one, which would come first.
    (packages / "hook_of_a_test.py").write_text(hook)
    (packages / "zz.pth").write_text("import hook_of_a_test\n")
    return str(python)
