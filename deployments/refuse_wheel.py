"""Build hook: a wheel is refused, an editable install from a checkout is the only way."""

from typing import Any

# hatchling lives in the build's own environment, not in this one
from hatchling.builders.hooks.plugin.interface import BuildHookInterface  # type: ignore[import-not-found]  # -- as said above


class RefuseWheel(BuildHookInterface):  # type: ignore[misc]  # -- Any, for want of hatchling
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- the hook's signature
        if version != "editable":
            raise RuntimeError(
                "Vinh Danh is installed from a checkout (`make setup`): its packages have plain names "
                "(flows, tasks, models, …) that must not land in a shared site-packages."
            )
