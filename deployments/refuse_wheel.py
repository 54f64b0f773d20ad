"""Build hook: a wheel is refused, an editable install from a checkout is the only way."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RefuseWheel(BuildHookInterface):  # type: ignore[type-arg] -- hatchling's generic parameter is its own config
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- the hook's signature
        if version != "editable":
            raise RuntimeError(
                "Vinh Danh is installed from a checkout (`make setup`): its packages have plain names "
                "(flows, tasks, models, …) that must not land in a shared site-packages."
            )
