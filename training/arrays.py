"""Types of the arrays that the training passes around; float32 arrays are `engine.records.Floats`."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # grey (height, width) or (n, height, width), 0..255; BGR has a last axis of 3
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
