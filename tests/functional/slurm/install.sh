#!/usr/bin/env bash
# The Debian packages of the SLURM tests, without their daemons being started.  As root.
set -euo pipefail

packages=(slurm-wlm munge slurmdbd mariadb-server)
if dpkg -s "${packages[@]}" >/dev/null 2>&1; then
  exit 0
fi

# Packages ask this file whether their services may start; one that is there already stays.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --yes --no-install-recommends "${packages[@]}" >/dev/null
slurmctld -V
