# Apache Kafka, one node, KRaft; its jars come from Maven Central once and stay in the cache.
# shellcheck shell=bash disable=SC2034

kafka_port=9092
kafka_url=kafka://127.0.0.1:9092
kafka_version=4.1.1
kafka_jars=$cache/kafka-$kafka_version

# ApiVersions, version 0, correlation id 7: the answer's correlation id stands behind its length.
kafka_answers() {
  [[ $(answer_hex $kafka_port '\0\0\0\012\0\022\0\0\0\0\0\007\377\377' 8) =~ ^[0-9a-f]{8}00000007$ ]]
}

kafka_install() {
  command -v java >/dev/null || install_packages default-jre-headless
  [ -e "$kafka_jars/complete" ] && return
  command -v mvn >/dev/null || install_packages maven
  say "fetching Kafka $kafka_version into $kafka_jars"
  mkdir -p "$kafka_jars"
  local log=$state/install.log
  mvn --batch-mode --quiet -f "$here/kafka.pom.xml" -Dkafka.version=$kafka_version -DoutputDirectory="$kafka_jars" \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies >"$log" 2>&1 </dev/null ||
    fail "mvn failed:"$'\n'"$(tail -n 20 "$log")"
  touch "$kafka_jars/complete"
}

kafka_start() {
  local dir=$state/kafka
  sed "s|@data@|$dir/data|" "$here/kafka.properties" >"$dir/server.properties"
  kafka_java kafka.tools.StorageTool format --cluster-id cHJvZHVjdC11cGRhdGVzLQ --config "$dir/server.properties" >>"$dir/log" 2>&1
  start_process kafka java -Xmx512m -cp "$kafka_jars/*" kafka.Kafka "$dir/server.properties"
}

kafka_java() { java -cp "$kafka_jars/*" "$@"; }
