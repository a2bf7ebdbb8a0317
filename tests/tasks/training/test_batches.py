from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tasks.training.batches import padded_share, training_order

LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=200)


@given(LENGTHS, st.integers(1, 3), st.integers(1, 20), st.integers(0, 9))
def test_every_example_comes_once_an_epoch(lengths: list[int], epochs: int, batch_size: int, seed: int) -> None:
    order = training_order(lengths, epochs=epochs, batch_size=batch_size, seed=seed)
    assert Counter(order) == dict.fromkeys(range(len(lengths)), epochs)


def test_the_order_depends_on_the_seed_alone() -> None:
    lengths = [7 * i % 50 + 1 for i in range(100)]
    one, again, other = (training_order(lengths, epochs=2, batch_size=8, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_fractional_epoch_takes_its_part() -> None:
    assert len(set(training_order([1] * 100, epochs=0.25, batch_size=8, seed=1))) == 25
    assert len(training_order([1] * 100, epochs=1.5, batch_size=8, seed=1)) == 150


def test_padding_is_counted_by_hand() -> None:
    assert padded_share([4, 2, 3], [0, 1, 2], 2) == 1 - 9 / 11
    assert padded_share([5, 5], [0, 1], 2) == 0


def test_batches_by_length_waste_a_fraction_of_what_random_ones_do() -> None:
    lengths = [10 + 37 * i % 400 for i in range(1000)]
    grouped = padded_share(lengths, training_order(lengths, epochs=1, batch_size=16, seed=1), 16)
    assert padded_share(lengths, range(1000), 16) > 0.3
    assert grouped < 0.06
