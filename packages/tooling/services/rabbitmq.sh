# RabbitMQ with its default user guest, and the Erlang port mapper that it needs.
# shellcheck shell=bash disable=SC2034

rabbitmq_port=5672
rabbitmq_url=amqp://guest:guest@127.0.0.1:5672
rabbitmq_mapper_port=4369

# It answers the protocol header with a method frame on channel 0: connection.start.
rabbitmq_answers() { [ "$(answer_hex $rabbitmq_port 'AMQP\0\0\011\001' 3)" = 010000 ]; }

rabbitmq_server=/usr/lib/rabbitmq/bin/rabbitmq-server

rabbitmq_install() {
  [ -x $rabbitmq_server ] || install_packages rabbitmq-server
}

rabbitmq_start() {
  local dir=$state/rabbitmq
  if ! port_open $rabbitmq_mapper_port; then
    start_process rabbitmq env ERL_EPMD_ADDRESS=127.0.0.1 epmd
    until port_open $rabbitmq_mapper_port; do sleep 0.1; done
  fi
  echo '[].' >"$dir/advanced.config"
  # HOME holds the Erlang cookie; the server itself, not Debian's wrapper, which would change the user.
  start_process rabbitmq env HOME="$dir/data" ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME=product-updates@localhost \
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$rabbitmq_port RABBITMQ_DIST_PORT=25672 \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
    RABBITMQ_MNESIA_BASE="$dir/data/mnesia" RABBITMQ_LOG_BASE="$dir/data/log" RABBITMQ_PID_FILE="$dir/data/pid" \
    RABBITMQ_CONFIG_FILE="$dir/none" RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config" RABBITMQ_ENABLED_PLUGINS_FILE="$dir/data/plugins" \
    $rabbitmq_server
}
