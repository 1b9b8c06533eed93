"""Cuts the power of an ext4 file system: what was not synced is gone, and everything fails with EIO from then on.

Argument: the mount point. Says "ready", waits for a line on stdin, cuts, says "down" and lets go of the file system.
"""

import fcntl
import os
import struct
import sys

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
EXT4_GOING_FLAGS_NOLOGFLUSH = 2

descriptor = os.open(sys.argv[1], os.O_RDONLY)
print("ready", flush=True)
sys.stdin.readline()
fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", EXT4_GOING_FLAGS_NOLOGFLUSH))
os.close(descriptor)
print("down", flush=True)
