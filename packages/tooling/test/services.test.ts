import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { whyNoOwnRedis } from '../src/own-redis.ts';
import { freePort } from '../src/own-server.ts';

const folder = join(import.meta.dirname, '../services');

/** As `services up redis` does, on another port. Prints what the server says of the setting. */
const upAndAsk = `
set -euo pipefail
. "$SERVICES/lib.sh"
. "$SERVICES/redis.sh"
redis_port=$PORT state=$STATE
redis_start
trap 'stop_started redis TERM' EXIT
until redis_answers; do started_still_runs redis || fail "$(cat "$state/redis/log")"; sleep 0.05; done
exec 3<>"/dev/tcp/127.0.0.1/$redis_port"
printf 'CONFIG GET append*\\r\\nQUIT\\r\\n' >&3
cat <&3
`;

describe('the services', () => {
  const missing = whyNoOwnRedis();
  const reason = missing === undefined ? '' : ` (${missing})`;
  (missing === undefined ? it : it.skip)(
    `redis syncs before each answer, as the README says${reason}`,
    async function () {
      this.timeout(60_000);
      const state = mkdtempSync(join(tmpdir(), 'services-'));
      try {
        mkdirSync(join(state, 'redis/data'), { recursive: true });
        const env = { ...process.env, SERVICES: folder, PORT: `${await freePort()}`, STATE: state };
        const told = execFileSync('bash', ['-c', upAndAsk], { env, encoding: 'utf8' });
        expect(told)
          .to.match(/appendfsync\r\n\$6\r\nalways\r\n/)
          .and.match(/appendonly\r\n\$3\r\nyes\r\n/);
      } finally {
        rmSync(state, { recursive: true });
      }
    },
  );

  it('redis has the same settings in a container', () => {
    const compose = readFileSync(join(folder, 'compose.yaml'), 'utf8');
    const [, options] = /redis-server (.*--appendonly.*) --daemonize/.exec(
      readFileSync(join(folder, 'redis.sh'), 'utf8'),
    )!;
    const settings = options!.slice(options!.indexOf('--appendonly')).split(' ');
    expect(compose).to.include(
      `['redis-server', ${settings.map((word) => (word === "''" ? word : `'${word}'`)).join(', ')}]`,
    );
  });
});
