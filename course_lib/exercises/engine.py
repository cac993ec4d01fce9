"""The engine that a reader of lecture 7 builds: automatic differentiation of single numbers.

It is what a reader's own class is compared with, the worked solution, and what the lecture runs on
until that class is right.
"""

from __future__ import annotations


class Value:
    """A number that remembers what it was made of."""

    def __init__(self, data, parents=()):
        self.data, self.parents = data, parents
        self.grad = 0.0  # ∂L/∂self, as far as it has arrived
        self.hand_back = lambda: None

    def __add__(self, other):
        """Return the sum; going back, each part gets what arrives."""
        out = Value(self.data + other.data, (self, other))

        def hand_back():
            self.grad += out.grad
            other.grad += out.grad

        out.hand_back = hand_back
        return out

    def __mul__(self, other):
        """Return the product; going back, each factor gets the other times what arrives."""
        out = Value(self.data * other.data, (self, other))

        def hand_back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.hand_back = hand_back
        return out

    def relu(self):
        """Return the number or 0; going back, it gets what arrives if it is above 0."""
        out = Value(max(0.0, self.data), (self,))

        def hand_back():
            self.grad += out.grad if self.data > 0 else 0.0

        out.hand_back = hand_back
        return out

    def backward(self):
        """Fill in `grad` of every number that this one was made of."""
        order = []

        def visit(node):
            if node not in order:
                for parent in node.parents:
                    visit(parent)
                order.append(node)  # after all that it was made of

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.hand_back()
