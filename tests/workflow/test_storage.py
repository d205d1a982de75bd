"""A study whose files are in an S3 bucket, where plugin and a server are installed.

pip install snakemake-storage-plugin-s3 "moto[server]"
"""

import json

import pytest
from study import make_study, snakemake

REASON = "no part of the environment"
pytest.importorskip("snakemake_storage_plugin_s3", reason=REASON)
boto3 = pytest.importorskip("boto3", reason=REASON)
moto = pytest.importorskip("moto.server", reason=REASON)

GRID = {"size": ["small"], "l2": [0], "batch_size": [64], "epochs": [2]}
POINT = "results/grid/size~small,l2~0,batch_size~64,epochs~2,seed~0"


@pytest.fixture
def bucket(monkeypatch):
    """An empty bucket of a local server, which snakemake finds by the environment."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    for name, value in (
        ("ENDPOINT_URL", url),
        ("ACCESS_KEY", "key"),
        ("SECRET_KEY", "secret"),
    ):
        monkeypatch.setenv(f"SNAKEMAKE_STORAGE_S3_{name}", value)
    s3 = boto3.resource(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    yield s3.create_bucket(Bucket="study")
    server.stop()


def test_a_study_in_a_bucket(finished_study, bucket, tmp_path):
    study = make_study(tmp_path, grid=GRID)
    storage = ("--default-storage-provider", "s3")
    storage += ("--default-storage-prefix", "s3://study")
    done = snakemake(study, *storage)
    assert done.returncode == 0, done.stdout
    assert not (study / "results").exists()
    objects = {item.key: item for item in bucket.objects.all()}
    for name in ("metrics.json", "history.csv"):
        stored = objects[f"{POINT}/{name}"].get()["Body"].read()
        assert stored == (finished_study / POINT / name).read_bytes()
    assert json.loads(objects["results/verification/loss.json"].get()["Body"].read())
    assert "results/summary/classes.png" in objects
    assert "Nothing to be done" in snakemake(study, *storage).stdout
