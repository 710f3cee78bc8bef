"""What anyone may rely on from semantic codes: few numbers, all in use, unique names, the same again by seed."""

import numpy as np
import pytest

from llm4rec.core import DataError, SettingsError
from llm4rec.models.codes import CodesConfig, SemanticCodes, sensible
from llm4rec.models.codes_views import Prefixes, as_texts, buckets, last_digits, one_hot, report
from llm4rec.models.kmeans import distinct, kmeans, nearest, refilled

SUBJECTS, PER = 6, 20


@pytest.fixture(scope="module")
def shelves():
    """Six subjects far apart with twenty items each that differ a little; and the subject of each."""
    rng = np.random.default_rng(3)
    subject = np.repeat(np.arange(SUBJECTS), PER)
    centres = 10.0 * np.eye(SUBJECTS, 12)
    return (centres[subject] + rng.normal(0, 0.3, (len(subject), 12))).astype(np.float32), subject


@pytest.fixture(scope="module")
def crowd():
    """Two thousand vectors without any structure, in many directions: the worst case for k-means on remainders."""
    return np.random.default_rng(5).normal(size=(2_000, 64)).astype(np.float32)


def coder(vectors, **config):
    return SemanticCodes.fit(vectors, CodesConfig(**config))


def test_items_of_one_subject_share_the_first_number_and_no_other(shelves):
    vectors, subject = shelves
    first = coder(vectors, size=SUBJECTS, levels=2).encode(vectors)[:, 0]
    assert len(set(zip(first.tolist(), subject.tolist(), strict=True))) == SUBJECTS
    assert len(set(first.tolist())) == SUBJECTS


def test_a_new_item_gets_the_number_of_its_subject(shelves):
    vectors, _ = shelves
    codes = coder(vectors, size=SUBJECTS, levels=2)
    newcomer = (10.0 * np.eye(SUBJECTS, 12)[4] + 0.1).astype(np.float32)
    assert codes.encode(newcomer[None])[0, 0] == codes.encode(vectors[4 * PER : 4 * PER + 1])[0, 0]


def test_almost_all_numbers_are_in_use_and_few_items_share_a_code(crowd):
    told = report(coder(crowd), crowd)
    assert told.sizes == (125, 125, 125)
    assert min(told.use) > 0.9
    assert told.collisions < 0.01
    assert told.largest <= 3


def test_no_number_hoards_the_items_of_a_level(crowd):
    codes = coder(crowd).encode(crowd)
    fair = len(crowd) / 125
    assert max(np.bincount(codes[:, level]).max() for level in range(3)) < 8 * fair


def test_each_level_describes_more(shelves):
    vectors, _ = shelves
    codes = coder(vectors, size=SUBJECTS, levels=3)
    error = report(codes, vectors).error
    assert error[0] < 0.02  # subjects are all but a little of what there is
    assert error[0] > error[1] > error[2]
    near = np.abs(codes.decode(codes.encode(vectors)) - vectors).max()
    far = np.abs(codes.decode(codes.encode(vectors), levels=1) - vectors).max()
    assert near < far < 2.0


def test_the_same_seed_gives_the_same_codes_and_another_need_not(crowd):
    few = crowd[:400]
    first = coder(few).encode(few)
    np.testing.assert_array_equal(first, coder(few).encode(few))
    other = SemanticCodes.fit(few, CodesConfig(), seed=1).encode(few)
    assert (first != other).any()


def test_a_code_depends_neither_on_the_batch_nor_on_the_order(shelves):
    vectors, _ = shelves
    codes = coder(vectors)
    whole = codes.encode(vectors)
    np.testing.assert_array_equal(whole[::-1], codes.encode(vectors[::-1]))
    np.testing.assert_array_equal(whole[7:8], codes.encode(vectors[7:8]))


def test_codes_come_back_from_plain_arrays(shelves):
    vectors, _ = shelves
    codes = coder(vectors, levels=3, size=5)
    state = codes.state()
    assert all(isinstance(part, np.ndarray) and part.dtype != object for part in state.values())
    again = SemanticCodes.from_state(state)
    assert again.sizes == codes.sizes
    np.testing.assert_array_equal(again.encode(vectors), codes.encode(vectors))


def test_an_item_that_says_nothing_has_no_code(shelves):
    vectors = shelves[0].copy()
    vectors[[0, 50]] = 0.0
    codes = coder(vectors, size=SUBJECTS, levels=2)
    given = codes.encode(vectors)
    assert (given[[0, 50]] == -1).all()
    assert (given[1:50] >= 0).all()
    assert report(codes, vectors).uncoded == 2
    assert (codes.decode(given)[[0, 50]] == 0).all()
    assert one_hot(given, codes.sizes)[[0, 50]].nnz == 0
    assert buckets(given)[0] == -1


@pytest.mark.parametrize("items", [1, 2, 4])
def test_a_handful_of_items_gets_codes_that_tell_them_apart(items):
    vectors = np.random.default_rng(0).normal(size=(items, 8)).astype(np.float32)
    codes = coder(vectors)
    assert report(codes, vectors).collisions == 0.0
    assert report(codes, vectors).use[0] == 1.0
    np.testing.assert_allclose(codes.decode(codes.encode(vectors)), vectors, atol=1e-5)


def test_equal_items_share_a_code_and_are_told_apart_by_the_last_digit(shelves):
    vectors = np.concatenate([shelves[0], shelves[0][:3], shelves[0][:1]])
    codes = coder(vectors)
    given = codes.encode(vectors)
    told = report(codes, vectors)
    assert told.twins == pytest.approx(4 / 124)
    assert told.collisions >= told.twins
    digits = last_digits(given)
    assert digits[0] < digits[120] < digits[123]
    assert len(set(as_texts(given, digits))) == len(vectors)


def test_new_items_leave_the_digits_of_known_ones_alone():
    known = np.array([[1, 2], [1, 2], [3, 0]])
    assert last_digits(known).tolist() == [0, 1, 0]
    assert last_digits(np.array([[3, 0], [1, 2], [0, 0]]), taken=known).tolist() == [1, 2, 0]
    assert last_digits(np.zeros((0, 2), np.int64)).tolist() == []


def test_texts_are_short_and_say_all():
    codes = np.array([[17, 4], [17, 4], [-1, -1]])
    assert as_texts(codes, last_digits(codes)) == ["17-4", "17-4.1", "x-x"]


def test_buckets_gather_items_with_the_same_beginning():
    codes = np.array([[5, 1], [5, 2], [9, 1], [-1, -1]])
    assert buckets(codes).tolist() == [0, 0, 1, -1]
    assert buckets(codes, depth=2).tolist() == [0, 1, 2, -1]
    with pytest.raises(SettingsError, match="between 1 and the 2 levels"):
        buckets(codes, depth=3)


def test_one_column_a_number():
    columns = one_hot(np.array([[1, 0], [0, 2], [-1, -1]]), (2, 3)).toarray()
    assert columns.tolist() == [[0, 1, 1, 0, 0], [1, 0, 0, 0, 1], [0, 0, 0, 0, 0]]


def test_the_longer_the_common_beginning_the_more_columns_are_shared():
    codes = np.array([[5, 1, 0], [5, 1, 3], [5, 2, 0], [9, 1, 0], [-1, -1, -1]])
    prefixes = Prefixes.of(codes)
    shared = (prefixes.transform(codes) @ prefixes.transform(codes).T).toarray()
    assert shared[0].tolist() == [3, 2, 1, 0, 0]
    assert prefixes.width == 2 + 3 + 4
    newcomer = np.array([[5, 7, 7]])
    assert prefixes.transform(newcomer).sum() == 1.0
    assert Prefixes.of(codes, least=2).width == 2
    again = Prefixes.from_state(prefixes.state())
    assert (again.transform(codes) != prefixes.transform(codes)).nnz == 0


def test_the_report_reads_as_a_sentence(shelves):
    vectors, _ = shelves
    text = str(report(coder(vectors, size=SUBJECTS, levels=2), vectors))
    assert "120 items (0 without a code), numbers a level 6 / 6, in use 100.0% / 100.0%" in text


@pytest.mark.parametrize(
    ("vectors", "expected"), [(10, (3, 16)), (1_682, (3, 105)), (12_101, (4, 256)), (10**6, (4, 256))]
)
def test_the_size_of_codes_follows_that_of_the_catalog(vectors, expected):
    assert sensible(vectors, CodesConfig()) == expected
    assert sensible(vectors, CodesConfig(levels=2, size=9)) == (2, 9)


def test_vectors_that_cannot_be_read_are_refused(shelves):
    codes = coder(shelves[0])
    with pytest.raises(SettingsError, match=r"learnt from vectors of 12 numbers .* of 5"):
        codes.encode(np.zeros((2, 5), np.float32))
    with pytest.raises(DataError, match="finite"):
        codes.encode(np.full((1, 12), np.nan, np.float32))
    with pytest.raises(DataError, match="not zero"):
        coder(np.zeros((3, 4), np.float32))


def test_no_centre_of_k_means_stays_without_rows():
    rows = np.concatenate([np.zeros((50, 2)), np.random.default_rng(1).normal(9, 1e-3, (8, 2))])
    centres = kmeans(rows, 6, np.random.default_rng(0))
    assert len(centres) == 6
    assert set(nearest(rows, centres)[0].tolist()) == set(range(6))
    assert distinct(np.zeros((4, 2))) == 1
    assert len(kmeans(np.repeat(np.eye(3), 4, axis=0), 8, np.random.default_rng(0))) == 3


def test_a_centre_that_lost_its_rows_goes_where_it_is_needed_most():
    rows = np.array([[0.0], [1.0], [10.0], [30.0]])
    lost = np.array([[0.5], [500.0], [600.0]])
    centres, own = refilled(rows, lost, *nearest(rows, lost))
    assert centres.ravel().tolist() == [0.5, 30.0, 10.0]
    assert own.tolist() == [0, 0, 2, 1]
