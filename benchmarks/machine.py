"""What the figures of a benchmark depend on."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import torch


def machine(device: torch.device) -> dict[str, Any]:
    """Device, processor, arithmetic units, threads and versions."""
    model, flags = _processor()
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "processor": model,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "bf16_units": bool({"avx512_bf16", "amx_bf16", "bf16"} & flags) if flags else "unknown",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _processor() -> tuple[str, set[str]]:
    """Name and instruction sets as Linux gives them; the set is empty elsewhere."""
    try:
        lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines()]
    except OSError:
        return platform.processor() or platform.machine(), set()
    entries = {key.strip(): value.strip() for key, _, value in lines}
    return entries.get("model name", platform.machine()), set(
        entries.get("flags", entries.get("Features", "")).split()
    )
