#!/bin/bash
# Makes the key file of the replica set in the volume /keyfile unless it is there. mongod takes it only when nobody
# but its user (mongodb in the image) may read it, and accepts 6 to 1024 characters of base64.
set -euo pipefail
umask 077
key=/keyfile/key
if [ ! -s "$key" ]; then
  head -c 756 /dev/urandom | base64 --wrap=0 >"$key.new"
  mv "$key.new" "$key"
fi
chown mongodb:mongodb "$key"
chmod 400 "$key"
