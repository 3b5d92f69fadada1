#!/usr/bin/env bash
# What the tests in this folder need and a bare Debian lacks: PostgreSQL, Redis, setpriv, ip.
# As root it installs them; otherwise it says what is missing. Starts nothing.
set -euo pipefail

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v setpriv >/dev/null || missing+=(util-linux)
[ "${#missing[@]}" -gt 0 ] || [ "$(id -u)" -eq 0 ] || exit 0
# only root can make network namespaces; without them the machines are folders alone
command -v ip >/dev/null || missing+=(iproute2)
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "make test-scale needs: ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
    exit 1
fi
# the packages would start servers of their own, which nobody here uses
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
