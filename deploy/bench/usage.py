"""Processor time and memory of processes and of the machine."""

import psutil


def processor_time(pid: int) -> float:
    """Return the seconds of processor time of a process, in its own code and in the kernel."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def machine_time() -> float:
    """Return the seconds that all cores together were busy since the machine started."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq + times.steal


def private_memory(pid: int) -> int:
    """Return the bytes that would be free if the process ended (its unique set size)."""
    return psutil.Process(pid).memory_full_info().uss


def with_children(pid: int) -> list[int]:
    """Return the process and its children."""
    return [pid, *(child.pid for child in psutil.Process(pid).children())]
