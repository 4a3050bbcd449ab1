"""What the wheel takes from files that have another purpose too."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Dependencies(MetadataHookInterface):
    """What the lock is made of is what the library needs."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read `envs/runtime.in`."""
        lines = Path(self.root, "envs", "runtime.in").read_text(encoding="utf-8").splitlines()
        metadata["dependencies"] = [line for line in lines if line and not line.startswith("#")]


class Scripts(BuildHookInterface):
    """Scripts of rules; their folder as a whole would carry the library twice."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put them beside the rules."""
        for script in Path(self.root, "scripts").glob("*.py"):
            build_data["force_include"][str(script)] = f"dendroflow/workflow/scripts/{script.name}"
