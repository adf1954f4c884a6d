"""Quantiles agree with published tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.quantile import (
    beta_cdf,
    beta_quantile,
    gamma_cdf,
    gamma_quantile,
    share_bound,
)

CHI_SQUARE = ((1, 0.95, 3.841), (2, 0.95, 5.991), (10, 0.95, 18.307), (4, 0.05, 0.711))
"""Degrees of freedom, probability, quantile: Abramowitz and Stegun, table 26.8."""
F = ((1, 10, 4.965), (5, 10, 3.326), (10, 5, 4.735), (30, 30, 1.841))
"""Degrees of freedom, upper 5 % point of F: Abramowitz and Stegun, table 26.9."""


@pytest.mark.parametrize(("freedom", "share", "value"), CHI_SQUARE)
def test_gamma_quantiles_are_those_of_the_chi_square_table(
    freedom: int, share: float, value: float
) -> None:
    """A rate is bounded by the quantile that every statistics table has."""
    assert gamma_quantile(share, freedom / 2, 0.5) == pytest.approx(value, abs=6e-4)


@pytest.mark.parametrize(("above", "below", "value"), F)
def test_beta_quantiles_are_those_of_the_f_table(above: int, below: int, value: float) -> None:
    """A share is bounded by the quantile that every statistics table has."""
    share = above * value / (above * value + below)
    assert beta_quantile(0.95, above / 2, below / 2) == pytest.approx(share, abs=2e-4)


def test_no_success_in_n_trials_is_bounded_by_the_rule_of_three() -> None:
    """A share that was never seen in 100 trials is at most 3 %, at 95 %."""
    assert share_bound(0, 100, 0.95) == pytest.approx(1 - 0.05 ** (1 / 100), rel=1e-6)
    assert share_bound(7, 7, 0.95) == 1.0


@given(st.floats(0.05, 500), st.floats(0.01, 0.99))
def test_a_gamma_quantile_is_where_the_distribution_reaches_the_share(
    shape: float, share: float
) -> None:
    """Bounds are exact for histories of any length."""
    assert gamma_cdf(gamma_quantile(share, shape, 1.0), shape) == pytest.approx(share, abs=1e-6)


@given(st.floats(0.5, 300), st.floats(0.5, 300), st.floats(0.01, 0.99))
def test_a_beta_quantile_is_where_the_distribution_reaches_the_share(
    a: float, b: float, share: float
) -> None:
    """Bounds are exact for any number of trials."""
    assert beta_cdf(beta_quantile(share, a, b), a, b) == pytest.approx(share, abs=1e-5)
