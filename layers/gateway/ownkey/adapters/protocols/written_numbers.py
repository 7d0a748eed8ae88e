"""Numbers of an answer as they were written: money must not pass through binary fractions."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

MOST_DOLLARS = 1_000_000
"""No request costs as much: what claims to is not believed."""
DECIMALS = 20
"""How many are kept, so that an amount and its sums stay within DynamoDB's 38 digits. Costs are seen with 19."""


class WrittenFloat(float):
    """A float that remembers its text; the `parse_float` of answers that state money."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> "WrittenFloat":
        """Return the number in `text`."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


def dollars(value: Any) -> "Decimal | None":
    """Return an amount in US dollars, exactly as it was written; None for what is none, or cannot be one."""
    from decimal import Decimal, InvalidOperation, localcontext

    text = getattr(value, "text", value)
    if isinstance(text, bool) or not isinstance(text, str | int):
        return None
    try:
        amount = Decimal(text)
        if not 0 <= amount < MOST_DOLLARS:
            return None
        with localcontext(prec=38):
            places: Any = amount.as_tuple().exponent
            return amount if places >= -DECIMALS else amount.quantize(Decimal(1).scaleb(-DECIMALS))
    except InvalidOperation:
        return None
