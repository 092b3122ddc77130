# What the services share: messages, ports, packages and processes. Sourced by `services`.
# shellcheck shell=bash

say() { echo "services: $*"; }
fail() {
  echo "services: $*" >&2
  exit 1
}

port_open() { # port_open PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# What a server on PORT answers to BYTES (a printf format): its first LENGTH bytes as hex, nothing when it does not within a second.
answer_hex() { # answer_hex PORT BYTES LENGTH
  # shellcheck disable=SC2016,SC2059
  timeout 1 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "$2" >&3 && head -c "$3" <&3' _ "$@" 2>/dev/null | od -An -v -tx1 | tr -d ' \n'
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -n "$@"
  else
    fail "root is needed for: $*"
  fi
}

# Installs Debian packages; their own scripts start nothing.
install_packages() { # install_packages PACKAGE…
  command -v apt-get >/dev/null || fail "no apt-get here: install $* by hand, or use compose.yaml with Docker"
  say "installing $*"
  local policy=/usr/sbin/policy-rc.d
  if ! [ -e $policy ]; then
    # shellcheck disable=SC2064
    trap "as_root rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  local log=$state/install.log
  {
    as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
  } >"$log" 2>&1 </dev/null || fail "apt-get failed:"$'\n'"$(tail -n 20 "$log")"
}

# Runs a command on after this script, in a session of its own, and remembers it as a process of NAME.
start_process() { # start_process NAME COMMAND…
  local name=$1
  shift
  setsid "$@" >>"$state/$name/log" 2>&1 </dev/null &
  local pid=$!
  disown "$pid"
  echo "$pid $(started_at "$pid")" >>"$state/$name/pids"
}

# A process id alone may have been given to another process since.
started_at() { # started_at PID
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

is_running() { # is_running PID STARTED_AT
  [ -n "$2" ] && [ "$(started_at "$1")" = "$2" ]
}

# Whether the process that was started last still runs.
started_still_runs() { # started_still_runs NAME
  local pid at
  read -r pid at < <(tail -n 1 "$state/$1/pids")
  is_running "$pid" "$at"
}

# Asks the processes of NAME to end, last started first, and makes them after 20 s.
stop_started() { # stop_started NAME SIGNAL
  [ -e "$state/$1/pids" ] || return 0
  local pid at deadline
  while read -r pid at; do
    is_running "$pid" "$at" || continue
    kill "-$2" "$pid" || true
    deadline=$((SECONDS + 20))
    while is_running "$pid" "$at"; do
      [ $SECONDS -lt $deadline ] || kill -KILL -- "-$pid" 2>/dev/null || true
      sleep 0.1
    done
  done < <(tac "$state/$1/pids")
}

