# PostgreSQL: any superuser password, database and user `postgres`; what is written there is gone with `services down`.
# shellcheck shell=bash disable=SC2034

postgres_port=5432
postgres_url=postgres://postgres@127.0.0.1:5432/postgres
postgres_stop_signal=INT # fast: does not wait for its clients to leave

# An SSLRequest is answered with one byte, S or N.
postgres_answers() { [[ $(answer_hex $postgres_port '\0\0\0\010\004\322\026\057' 1) =~ ^(53|4e)$ ]]; }

postgres_bin() { find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n 1 | xargs -r dirname; }

postgres_install() {
  [ -n "$(postgres_bin)" ] || install_packages postgresql
}

postgres_start() {
  local bin data=$state/postgres/data run=()
  bin=$(postgres_bin)
  if [ "$(id -u)" -eq 0 ]; then # it refuses to run as root
    run=(setpriv --reuid=postgres --regid=postgres --init-groups)
    chown postgres: "$data"
  fi
  (cd / && "${run[@]}" "$bin/initdb" -D "$data" -U postgres -A trust --encoding=UTF8 --locale=C) >>"$state/postgres/log" 2>&1
  start_process postgres "${run[@]}" "$bin/postgres" -D "$data" -p $postgres_port -c listen_addresses=127.0.0.1 -c unix_socket_directories="$data"
}
