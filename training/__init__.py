"""Faces with labels become weights and a card."""

import os

# Read when ONNX Runtime is loaded, which training does beside the engine: see engine.runtimes.onnx.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
