"""Install a lock into the environment whose Python runs this, and try it.

    .venv/bin/python workflow/install.py requirements.txt

pip obeys variables and files that its user has for other work: with PIP_USER, or
`prefix =` in a pip.conf, the packages go elsewhere. Of all these only NETWORK counts
here. Then each package that requirements.in names is imported.

Only the standard library: this comes before everything else.
"""

import ast
import compileall
import importlib
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
from importlib import metadata
from pathlib import Path

# pip's options for how packages are reached, not for which, or where to.
NETWORK = (
    *("index-url", "pypi-url", "extra-index-url", "no-index", "find-links"),
    *("proxy", "timeout", "default-timeout", "retries", "resume-retries"),
    *("trusted-host", "cert", "client-cert", "use-feature", "use-deprecated"),
    *("keyring-provider", "no-input", "cache-dir", "no-cache-dir"),
)
# Where pip finds an option for `pip install`; the last wins.
SECTIONS = ("global", "install", ":env:")
# Options by which a user's file would change what `pip config` does.
AS_DEFAULT = dict.fromkeys(
    ("user", "global", "site", "quiet", "verbose", "isolated"), "0"
) | {"python": sys.executable}
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-color")
TEXT = {"text": True, "encoding": "utf-8", "errors": "replace"}


def variable(option):
    """The environment variable of an option of pip."""
    return f"PIP_{option.upper().replace('-', '_')}"


def pip_environment(options):
    """Environment variables for pip, of its own only these options.

    By variables they also reach the pip that fetches what builds a package.
    """
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "PYTHON"))
    }
    chosen = {variable(option): value for option, value in options.items()}
    return others | {"PYTHONUTF8": "1"} | chosen


def one_line(text):
    return textwrap.shorten(text, 400, placeholder=" ...")


def reason(lines):
    """What pip says of its failure: all from its first line of an error."""
    errors = [line.lower().lstrip().startswith("error:") for line in lines]
    return one_line(" ".join(lines[errors.index(True) if any(errors) else -1 :]))


def config(*arguments):
    """What `pip config` prints of the user's files and variables."""
    given = {
        option: os.environ[variable(option)]
        for option in (*NETWORK, "config-file")
        if variable(option) in os.environ
    }
    done = subprocess.run(
        [*PIP, "config", *arguments],
        env=pip_environment(given | AS_DEFAULT),
        capture_output=True,
        **TEXT,
    )
    if done.returncode:
        sys.exit(
            f"Error: pip's settings: {reason(done.stderr.splitlines())}; mend the "
            "pip.conf or the variable PIP_..., and run the same command again"
        )
    return done.stdout


def network_options():
    """The options of NETWORK that the user has set, with the value that pip takes."""
    listed = {}
    for line in config("list").splitlines():
        key, _, value = line.partition("=")
        listed.setdefault(key, []).append(value)
    options = {}
    for section in SECTIONS:
        for option in NETWORK:
            values = listed.get(f"{section}.{option}", ())
            if len(values) == 1:
                options[option] = ast.literal_eval(values[0])
            elif values:  # Of several files, not in the order in which they win.
                options[option] = config("get", f"{section}.{option}")
    return options


def install(lock):
    """Install what a lock pins. End in one line if pip does not."""
    lines = []
    with subprocess.Popen(
        [*PIP, "install", "--quiet", "--no-compile", "--require-hashes", "-r", lock],
        env=pip_environment(network_options() | {"config-file": os.devnull}),
        stderr=subprocess.PIPE,
        **TEXT,
    ) as pip:
        for line in pip.stderr:
            lines.append(line)
            if line.startswith("WARNING:"):  # Such as of a server that is tried again.
                sys.stderr.write(line)
    if pip.returncode:
        sys.exit(
            f"Error: {lock}: pip could not install it into {sys.prefix}: "
            f"{reason(lines)}; mend that (pip's settings for the network are those of "
            "`pip config list`), and run the same command again"
        )
    # Else TensorFlow starts several times slower.
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, workers=0)


def pins(path):
    """Pairs of package and version: the lines `package==version` of a file."""
    return re.findall(r"^([\w.-]+)==(\S+)", path.read_text("utf-8"), re.MULTILINE)


def normalised(package):
    return re.sub("[-.]", "_", package).lower()


def fault(package, version, modules):
    """What is wrong with a package in this environment; None if nothing is.

    `modules` are the names under which it can be imported. The one that is the
    package's own name is, if there is one, or else all that are public.
    """
    try:
        found = metadata.version(package)
    except metadata.PackageNotFoundError:
        found = "nothing"
    if found != version:
        return f"{package}: found {found}, expected version {version}"
    own = {normalised(package)} & modules
    for name in sorted(own or {name for name in modules if name[0].isalpha()}):
        print(f"import {name}", flush=True)
        try:
            module = importlib.import_module(name)
        except Exception as error:
            return f"import {name}: {type(error).__name__}: {error}"
        path = module.__file__ or next(iter(module.__path__))
        if not Path(path).resolve().is_relative_to(Path(sys.prefix).resolve()):
            return f"import {name}: found {path}, expected it in {sys.prefix}"
    return None


def try_imports(direct):
    """Print the first fault of the packages that a file names; exit with status 1."""
    modules = {}
    for module, packages in metadata.packages_distributions().items():
        for package in packages:
            modules.setdefault(normalised(package), set()).add(module)
    for package, version in pins(direct):
        names = modules.get(normalised(package), set())
        if found := fault(package, version, names):
            print(one_line(found))
            sys.exit(1)


def prove(lock):
    """Import what a lock was made for. End in one line if that does not work.

    In a process without the user's variables and home, which Keras, for one, obeys.
    """
    direct = Path(lock).with_suffix(".in")
    if not direct.exists():  # That of the CUDA libraries, which TensorFlow loads.
        direct = direct.with_name("requirements.in")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "PATH" or name.startswith("LD_")
    }
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", __file__, "--import", direct],
            env=kept | {"HOME": home},
            capture_output=True,
            **TEXT,
        )
    if done.returncode:
        found = (done.stderr + done.stdout).splitlines()[-1]
        if done.returncode < 0:  # The last line is of the import that crashed.
            found += f": {signal.strsignal(-done.returncode)}"
        sys.exit(
            f"Error: {lock}: it is installed into {sys.prefix}, but does not work: "
            f"{found}; mend that, remove {sys.prefix}, and run the same command again"
        )


def main(arguments):
    if arguments[0] == "--import":
        try_imports(Path(arguments[1]))
    else:
        install(arguments[0])
        prove(arguments[0])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
