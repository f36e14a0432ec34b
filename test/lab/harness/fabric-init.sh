#!/bin/sh
# The first process of what the hosts of a lab share: a network with a bridge, and a file tree with a directory for
# their datastores. It prints "ready PID" on stdout and stays. Everything disappears when it ends.
set -eu

# This /proc is still the outer one, so it shows the pid outside.
read -r outer_pid rest </proc/self/stat

# This directory exists everywhere. A host has a private /dev, so it does not see it.
mount -t tmpfs -o mode=755 tmpfs /dev/shm
mkdir -m 755 /dev/shm/datastores
mkdir -m 700 /dev/shm/keys

ip link add name bridge type bridge stp_state 0 forward_delay 0
ip link set bridge up

echo "ready $outer_pid"
exec sleep infinity </dev/null >/dev/null 2>&1
