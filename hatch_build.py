"""Builds the native engine where there is Rust, and goes on without it where there is none or the build fails.

SES_EVENTS_BUILD=native makes a failure end the build, SES_EVENTS_BUILD=python leaves the engine out.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CRATE = Path("ses_cli", "native")
WHY = CRATE / "unbuilt.txt"  # why there is no engine, for --version


class EngineHook(BuildHookInterface):  # type: ignore[type-arg]
    """For wheels and for editable installs: the engine is put beside the crate, where Python looks for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds, and gives the wheel its tag."""
        if self.target_name != "wheel":
            return
        wish = os.environ.get("SES_EVENTS_BUILD", "")
        crate = Path(self.root, CRATE)
        for old in crate.glob("_engine.*.so"):
            old.unlink()
        failed = "left out as SES_EVENTS_BUILD asks" if wish == "python" else build(crate)
        Path(self.root, WHY).write_text(failed or "")
        build_data["artifacts"].append(str(WHY))
        if not failed:
            build_data["artifacts"].append(f"{CRATE}/_engine.*")
            build_data["pure_python"] = False
            build_data["tag"] = f"cp311-abi3-{platform()}"
        elif wish == "native":
            raise RuntimeError(f"the native engine was not built: {failed}")
        elif wish != "python":
            self.app.display_warning(f"ses-events: the native engine was not built ({failed}): it will be pure Python")


def build(crate: Path) -> str | None:
    """Builds the crate. Returns why that failed, in a line."""
    cargo = shutil.which("cargo")
    if cargo is None:
        return "no cargo on PATH"
    command = [cargo, "build", "--release", "--locked", "--quiet", "--lib", "--features", "python"]
    environment = {**os.environ, "PYO3_PYTHON": sys.executable}
    try:
        done = subprocess.run(command, cwd=crate, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"cargo: {error.strerror}"
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return next((line for line in lines if line.startswith("error")), lines[-1] if lines else "cargo failed")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or crate / "target", "release")
    names = {"win32": ("_engine.dll", "_engine.pyd"), "darwin": ("lib_engine.dylib", "_engine.abi3.so")}
    built, wanted = names.get(sys.platform, ("lib_engine.so", "_engine.abi3.so"))
    shutil.copy(target / built, crate / wanted)
    return None


def platform() -> str:
    """The platform's tag, as hatchling finds it."""
    from packaging.tags import sys_tags

    tags = (tag.platform for tag in sys_tags())
    tag = next(tag for tag in tags if "manylinux" not in tag and "musllinux" not in tag)
    if sys.platform == "darwin":
        from hatchling.builders.macos import process_macos_plat_tag

        return process_macos_plat_tag(tag, compat=False)
    return tag
