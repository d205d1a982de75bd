import os
import shutil

import pytest
from filelock import FileLock
from study import edit_config, make_study, snakemake

CLAIMS = """
claims:
  - claim: Longer training raises B.
    where: {metric: accuracy_b, batch_size: 64}
    effects:
      - {effect: longer, of: {epochs: 3}, minus: {epochs: 2}, holds: [0, null]}
      - {effect: after 3, of: {epochs: 3}, holds: [0.5, 1]}
"""
# A table of another study.
DEVELOPMENT = """\
name,method,size,l2,batch_size,epochs,n,threshold_unseen,auc_b_mean,accuracy_b_mean
two,siamese,small,0,64,2,5,0.25,0.8,0.7
three,siamese,small,0,64,3,5,0.25,0.9,0.75
"""


def made_once(tmp_path_factory, name, make, *targets):
    """A study that the first process of the test run that asks for it runs to its end.

    `make` gets a folder, which is not there, and fills it.
    """
    top = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        top = top.parent
    study, log = top / name, top / name / "run.log"
    with FileLock(top / f"{name}.lock"):
        if not log.exists():
            shutil.rmtree(study, ignore_errors=True)
            make(study)
            done = snakemake(study, *targets)
            assert done.returncode == 0, done.stdout
            log.write_text(done.stdout)
    return study


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory):
    """A study that snakemake has brought to its end. Do not change it.

    In a folder whose name has spaces and letters beyond ASCII.
    """
    return made_once(tmp_path_factory, "Ärmel & Schuhe 鞋", make_study)


@pytest.fixture(scope="session")
def divided_study(tmp_path_factory, finished_study):
    """The finished study with two more divisions of the classes. Do not change it.

    It has claims, a table of development, and a model to take away.
    """

    def make(path):
        shutil.copytree(finished_study, path)
        (path / "run.log").unlink()
        (path / "config/claims.yaml").write_text(CLAIMS)
        (path / "config/development.csv").write_text(DEVELOPMENT)
        edit_config(
            path,
            divisions={"unseen": [[2, 4, 5, 9], [0, 1]]},
            claims="config/claims.yaml",
            development="config/development.csv",
        )

    return made_once(tmp_path_factory, "divided", make, "all", "best")
