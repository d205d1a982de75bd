import pytest
from study import make_study, snakemake


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory):
    """A study that snakemake has brought to its end. Do not change it."""
    directory = make_study(tmp_path_factory.mktemp("finished"))
    done = snakemake(directory)
    assert done.returncode == 0, done.stdout
    (directory / "run.log").write_text(done.stdout)
    return directory
