"""The networks that read files, loaded once for all files of a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.loading import Networks, load_networks
from engine.runtimes.registry import RuntimeName
from engine.runtimes.runtime import PrecisionName
from engine.settings import DetectorName


@dataclass(frozen=True, slots=True)
class LoadedNetworks:
    """The networks and their versions."""

    networks: Networks
    models: Mapping[str, str]  # network to version
    overlapped: bool  # the detector works on later frames than the two ResNets


def load_file_networks(
    threads: int, detector: DetectorName, runtime: RuntimeName = "onnx", precision: PrecisionName = "auto"
) -> LoadedNetworks:
    """Load the networks for `threads` threads in all, or for a GPU where an engine has built their plans.

    The detector and the ResNets share the threads: that keeps two cores busier than one network after the
    other with two threads. Raises CardMismatchError for a network that does not match its card, NoGpuError
    where `runtime` needs a GPU and there is none.
    """
    networks = load_networks((threads + 1) // 2, detector, runtime, precision)
    if networks.accelerator is not None:
        networks.accelerator.use_built()
    return LoadedNetworks(networks, networks.versions, overlapped=threads > 1)
