"""The meaning of a path in the config, or on a command line."""

import pwd

import pytest

from siamese.study.paths import argument, places

MEANINGS = {
    "~root/x": f"{pwd.getpwnam('root').pw_dir}/x",
    "$PART/x": "/home/me/part/x",
    "${DATA}x/$DATA": "/datax/data",
    "../~/x~": "/one/../~/x~",
    "a$$b": "/one/a$b",
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_path_means(text, monkeypatch):
    for name, value in {"HOME": "/home/me", "DATA": "/data", "PART": "~/part"}.items():
        monkeypatch.setenv(name, value)
    assert str(places(text, "/one", "/two")[0]) == MEANINGS[text]
    assert str(argument("/the shell/leaves $DATA")) == "/the shell/leaves $DATA"


@pytest.mark.parametrize("text", ["$UNSET_HERE/x", "${EMPTY}/x", "~no-such-user/x"])
def test_a_path_that_means_nothing(text, monkeypatch):
    monkeypatch.setenv("EMPTY", "")
    with pytest.raises(ValueError, match=r"UNSET_HERE is not|EMPTY is|~no-such-user"):
        places(text, "/one")
