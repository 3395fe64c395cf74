"""The catalog: folders of definitions, read strictly, checked against one another, and frozen."""
