"""The code that the timed fill is asked for in: everybody's, and none of the user's. Pure."""

from __future__ import annotations

from typing import Final

from infill_ls.text.hole import Hole, between

# Some 150 tokens, so that all of it is in the prompt where an engine is slow. The number makes it
# new to the engine from the start, which would have it in its cache otherwise.
_ABOVE: Final = '''\
BATCH = {number}


class Order:
    """What a customer has ordered."""

    def __init__(self, customer, amount, currency="EUR"):
        self.customer = customer
        self.amount = amount
        self.currency = currency


def total(orders):
    """Return the sum of all orders."""
    return sum(order.amount for order in orders)


def even_squares(numbers):
    """Return the squares of the even numbers."""
    return ['''
_BELOW: Final = """


print({number}, even_squares([1, 2, 3, 4]))
"""
# What somebody types there. It ends with a mark: a word would be left to the model, which may have
# to be asked twice for that.
_TYPED: Final = "pow("


def sample(number: int, *, typed: bool = False) -> Hole:
    """Return the hole; ``typed``: some letters later."""
    before = _ABOVE.format(number=number) + (_TYPED if typed else "")
    return between(before, _BELOW.format(number=number), "python")
