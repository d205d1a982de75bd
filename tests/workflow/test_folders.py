"""A path of the config means the same folder wherever the study is."""

import gzip
import shutil

import pytest
from study import generate_files, make_study, snakemake

FILES = generate_files()
TARGET = "resources/fashion_mnist/train-images-idx3-ubyte"


@pytest.fixture
def project(tmp_path):
    return make_study(tmp_path / "a project")


def test_files_in_the_projects_folder_serve_each_study(project, tmp_path):
    """And where there are none, those serve that are put where the error says."""
    done = snakemake(project, TARGET, "--directory", str(tmp_path / "elsewhere"))
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "elsewhere" / TARGET).read_bytes() == FILES[TARGET[24:]]
    shutil.rmtree(project / "resources")
    done = snakemake(project, TARGET, "--directory", "other")
    (error,) = [x for x in done.stdout.splitlines() if x.startswith("Error: ")]
    places = [f"{project}{part}/resources/fashion_mnist" for part in ("/other", "")]
    assert all(f"directory {place}: " in error for place in places)
    assert f"(log: {project}/other/logs/download.log)" in error
    advised = places[0]
    for name, data in FILES.items():
        path = project / advised / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data))
    done = snakemake(project, TARGET, "--directory", "other")
    assert done.returncode == 0, done.stdout
