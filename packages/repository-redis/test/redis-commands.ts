import { createClient } from '@redis/client';

/** Sends commands of a test to a server, one after the other, on a connection of their own. */
export async function redisCommands(url: URL, ...commands: readonly (readonly string[])[]): Promise<unknown[]> {
  const client = createClient({ url: url.href, RESP: 2, disableClientInfo: true });
  client.on('error', () => {});
  await client.connect();
  try {
    const answers: unknown[] = [];
    for (const command of commands) answers.push(await client.sendCommand(command));
    return answers;
  } finally {
    client.destroy();
  }
}

export async function redisCommand(url: URL, ...command: readonly string[]): Promise<unknown> {
  return (await redisCommands(url, command))[0];
}

/** Removes every key that begins like this. */
export async function removeKeys(url: URL, prefix: string): Promise<void> {
  const pattern = `${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`;
  for (let cursor = '0'; ;) {
    const [next, keys] = (await redisCommand(url, 'SCAN', cursor, 'MATCH', pattern, 'COUNT', '10000')) as [
      string,
      string[],
    ];
    if (keys.length > 0) await redisCommand(url, 'UNLINK', ...keys);
    if (next === '0') return;
    cursor = next;
  }
}

export async function settingOf(url: URL, name: string): Promise<string> {
  return ((await redisCommand(url, 'CONFIG', 'GET', name)) as string[])[1] ?? '';
}
