"""Student's t, looked up, against scipy."""

from __future__ import annotations

import pytest
from scipy.special import stdtrit

from mrdq.student import TWO_SIDED, quantile


def test_quantiles_are_those_of_scipy() -> None:
    for freedom in (*range(1, 140), 2.5):
        expected = stdtrit(freedom, 0.975)
        assert quantile(freedom, 0.95) == pytest.approx(expected, rel=1e-14)
        assert quantile(freedom, 0.9) == stdtrit(freedom, 0.95)


def test_the_table_is_used() -> None:
    assert [quantile(n + 1, 0.95) for n in range(len(TWO_SIDED))] == list(TWO_SIDED)
    assert TWO_SIDED[0] == pytest.approx(12.7062047361747)  # of printed tables
    assert TWO_SIDED[9] == pytest.approx(2.22813885198627)
