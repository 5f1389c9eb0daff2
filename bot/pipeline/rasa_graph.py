"""Runs a trained Rasa graph without a scheduler.

Rasa's own runner hands each prediction to dask, which plans the same few nodes anew every time.
Here the plan is made once for each set of targets; the nodes are Rasa's own.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import GraphNode
from rasa.engine.runner.dask import DaskGraphRunner


class PlannedGraphRunner(DaskGraphRunner):
    """A `GraphRunner` that runs the nodes in the order in which they need each other."""

    _plans: dict[tuple[str, ...], list[tuple[str, GraphNode, tuple[str, ...]]]]

    def run(
        self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
    ) -> dict[str, Any]:
        """Run what the targets need; returns `{target: output}`. See Rasa's `GraphRunner`."""
        wanted = tuple(targets or self._graph_schema.target_names)
        outputs: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        for name, node, needs in self._plan(wanted):
            outputs[name] = node(*(outputs[need] for need in needs if need in outputs))
        return {name: outputs[name][1] for name in wanted}

    def _plan(self, targets: tuple[str, ...]) -> list[tuple[str, GraphNode, tuple[str, ...]]]:
        plans = self.__dict__.setdefault("_plans", {})
        if targets not in plans:
            schema = self._graph_schema.minimal_graph_schema(list(targets))
            order: list[str] = []

            def visit(name: str) -> None:
                if name in order or name not in schema.nodes:
                    return
                for need in schema.nodes[name].needs.values():
                    visit(need)
                order.append(name)

            for target in targets:
                visit(target)
            plans[targets] = [
                (name, self._instantiated_nodes[name], tuple(schema.nodes[name].needs.values()))
                for name in order
            ]
        plan: list[tuple[str, GraphNode, tuple[str, ...]]] = plans[targets]
        return plan
