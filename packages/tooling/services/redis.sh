# Redis with an append-only file that it syncs before each answer, as a queue or store that must lose nothing would have it.
# shellcheck shell=bash disable=SC2034

redis_port=6379
redis_url=redis://127.0.0.1:6379

redis_answers() { [ "$(answer_hex $redis_port 'PING\r\n' 5)" = 2b504f4e47 ]; } # +PONG

redis_install() {
  command -v redis-server >/dev/null || install_packages redis-server
}

redis_start() {
  start_process redis redis-server --bind 127.0.0.1 --port $redis_port --dir "$state/redis/data" --appendonly yes --appendfsync always --save '' --daemonize no
}
