"""Exact sums of money: what cannot be said in the 38 digits of a DynamoDB number is an error, never rounded."""

from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow

DIGITS = 38
EXACT = Context(prec=DIGITS, traps=[Inexact, InvalidOperation, Overflow, Clamped])
"""Raises an ArithmeticError where a result would not be exact."""
MOST_DECIMALS = 28
"""Of an amount that is charged: sums of such amounts are exact up to ten thousand million dollars."""
MOST_USD = 1_000_000
"""More than a request can cost."""
ZERO = Decimal(0)


def total(*amounts: Decimal) -> Decimal:
    """Return the exact sum; raises ArithmeticError when it has more digits than can be stored."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def is_chargeable(amount: Decimal) -> bool:
    """Return whether an amount can be charged: a finite one, not below zero, not absurd, of not too many decimals."""
    if not amount.is_finite() or not 0 <= amount <= MOST_USD:
        return False
    exponent = amount.normalize(EXACT).as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_DECIMALS
