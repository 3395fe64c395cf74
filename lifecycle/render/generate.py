"""How the Jinja of letters becomes Python: counted loops, weighed results, values printed fast."""

from __future__ import annotations

from typing import Any, cast

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame


class LetterCode(CodeGenerator):
    """Writes the program of a template; an `Output` of nothing is the border behind a slot."""

    def write_commons(self) -> None:
        """Give each function short names for what prints values."""
        super().write_commons()
        self.writeline("html_of = environment.html_of")
        self.writeline("text_of = environment.text_of")
        self.writeline("new_buffer = environment.new_buffer")

    def buffer(self, frame: Frame) -> None:
        """Begin to write into a buffer, which is bounded."""
        frame.buffer = self.temporary_identifier()
        self.writeline(f"{frame.buffer} = new_buffer()")

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        """Write what is printed; a border yields None."""
        if node.nodes:
            super().visit_Output(node, frame)
        else:
            assert frame.buffer is None, "a border stands at the top of a template"
            self.writeline("yield None", node)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("html_of(" if frame.eval_ctx.autoescape else "text_of(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile:
            super()._output_child_post(node, frame, finalize)
        else:
            self.write(")")


def bounded(source: nodes.Template) -> nodes.Template:
    """Put the counting of turns and the weighing of results into a tree, in its place.

    Each loop counts its turns; each `a ~ b` becomes a counted join; each list or mapping that is
    written out is weighed.
    """
    for loop in source.find_all(nodes.For):
        loop.iter = _filtered(cast(nodes.Expr, loop.iter), "_turns")
    _visit(source)
    return source


def _visit(node: nodes.Node) -> None:
    for child in node.iter_child_nodes():
        _visit(child)
    for field, value in node.iter_fields():
        if isinstance(value, list):
            value[:] = [_bounded(item) for item in value]
        else:
            setattr(node, field, _bounded(value))


def _bounded(node: Any) -> Any:
    if isinstance(node, nodes.Concat):
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "_joined")
    written = isinstance(node, (nodes.List, nodes.Dict))
    if written or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
        return _filtered(node, "_weighed")
    return node


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
