"""A small safe language for conditions and calculations: parsed into a tree, typed, said in words."""

from contracts.recipes.expressions.parser import parse
from contracts.recipes.expressions.tree import ExpressionFault, Node, columns_of, walk
from contracts.recipes.expressions.typing import FUNCTIONS, type_of

__all__ = ["FUNCTIONS", "ExpressionFault", "Node", "columns_of", "parse", "type_of", "walk"]
