"""Damage of all kinds to the data files: read rightly, or refused by name."""

import gzip
import hashlib
import io
import re
import tracemalloc

import numpy as np
import pytest
from download import unpack
from hypothesis import HealthCheck, configuration, given, settings
from hypothesis import strategies as st
from study import digests, idx_bytes

from siamese.errors import StudyError
from siamese.idx import parse_idx, read_header, read_merged

# Files are below 300 kB, and read in blocks of 1 MiB.
MOST_MEMORY = 3_000_000
COUNTS = {"train": 3, "t10k": 2}
FILES = {
    f"{part}-{kind}": idx_bytes(
        np.arange(np.prod(shape) % 251, np.prod(shape) % 251 + np.prod(shape))
        .astype(np.uint8)
        .reshape(shape)
    )
    for part, n in COUNTS.items()
    for kind, shape in {
        "images-idx3-ubyte": (n, 28, 28),
        "labels-idx1-ubyte": (n,),
    }.items()
}
SHA256S = digests(FILES)
NAMES = st.sampled_from(sorted(FILES))
# Where a file is struck, as a share of its length: often in the header.
PLACES = st.one_of(st.floats(0, 1), st.integers(0, 16))
MUTATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), PLACES, st.integers(1, 255)),
        st.tuples(st.just("cut"), PLACES, st.integers(1, 2000)),
        st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=64)),
        st.tuples(st.just("truncate"), PLACES, st.none()),
        st.tuples(
            st.just("dimension"),
            st.integers(0, 2),
            st.one_of(
                st.sampled_from([0, 1, 14, 27, 28, 56, 2**31, 2**32 - 1]),
                st.integers(0, 2**32 - 1),
            ),
        ),
        st.tuples(st.just("zeros"), st.none(), st.integers(1, 2**16)),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_kept(tmp_path_factory):
    """Hypothesis caches what it reads of the code, in the working folder as a rule."""
    configuration.set_hypothesis_home_dir(tmp_path_factory.mktemp("hypothesis"))


def cases(n):
    """The same cases each time, however slow the machine."""
    return settings(
        max_examples=n,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def mutate(data, mutations):
    for kind, place, value in mutations:
        at = int(place * len(data)) if isinstance(place, float) else place or 0
        if kind == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ value]) + data[at + 1 :]
        elif kind == "cut":
            data = data[:at] + data[at + value :]
        elif kind == "insert":
            data = data[:at] + value + data[at:]
        elif kind == "truncate":
            data = data[:at]
        elif kind == "dimension":
            at = 4 + 4 * at
            data = data[:at] + value.to_bytes(4, "big") + data[at + 4 :]
        elif kind == "zeros":
            data = data + bytes(value)
    return data


def refused(name, read):
    """None, or what `read` gives; anything but a StudyError by name is a failure."""
    tracemalloc.start()
    try:
        return read()
    except StudyError as error:
        assert re.search(f"(^|: ){name}", str(error))
        assert "\n" not in str(error)
        return None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MOST_MEMORY


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file to write to, beside the undamaged files."""
    folder = tmp_path_factory.mktemp("mutations")
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return folder / "file"


@cases(300)
@given(NAMES, MUTATIONS)
def test_payload_is_the_file_or_refused(name, mutations):
    data = mutate(FILES[name], mutations)
    array = refused(name, lambda: parse_idx(data, name, SHA256S[name]))
    assert (array is not None) == (data == FILES[name])


@cases(300)
@given(NAMES, MUTATIONS)
def test_payload_with_its_own_hash_is_what_the_header_says(name, mutations):
    """The parser alone, without the digest's protection."""
    data = mutate(FILES[name], mutations)
    sha256 = hashlib.sha256(data).hexdigest()
    array = refused(name, lambda: parse_idx(data, name, sha256))
    if array is not None:
        assert array.dtype == np.uint8
        assert data == data[:4] + idx_bytes(array)[4:]
        assert array.shape == read_header(data[: 4 + 4 * array.ndim], name)


@cases(300)
@given(NAMES, MUTATIONS, st.booleans(), st.booleans())
def test_gzip_file_is_the_file_or_refused(path, name, mutations, packed, own_hash):
    """Damage to the compressed file, or to the payload before it is compressed."""
    if packed:
        content = mutate(gzip.compress(FILES[name], mtime=0), mutations)
        sha256 = SHA256S[name]
    else:
        data = mutate(FILES[name], mutations)
        content = gzip.compress(data, 1, mtime=0)
        sha256 = hashlib.sha256(data).hexdigest() if own_hash else SHA256S[name]
    path.write_bytes(content)
    payload = refused(name, lambda: unpack(path, name, sha256))
    if payload is not None:
        assert hashlib.sha256(payload).hexdigest() == sha256
        assert payload == gzip.GzipFile(fileobj=io.BytesIO(content)).read()


@cases(200)
@given(NAMES, MUTATIONS)
def test_merged_files_agree_or_one_is_refused(path, name, mutations):
    files = FILES | {name: mutate(FILES[name], mutations)}
    path.write_bytes(files[name])
    paths = {key: path.with_name(key) for key in FILES} | {name: path}
    # names the damaged file, or that of the labels that do not match it
    part = name.split("-")[0]
    merged = refused(part, lambda: read_merged(paths, digests(files)))
    if merged is not None:
        images, labels, _ = merged
        assert images.shape == (len(labels), 28, 28)
