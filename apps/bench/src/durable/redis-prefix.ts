import { createClient } from '@redis/client';

/** A part of the server's keys, removed at the end. */
export interface Prefix extends AsyncDisposable {
  readonly server: URL;
  readonly text: string;
  /** For `openRedisStore`, with keys of their own under this prefix. */
  storeUrl(name: string): URL;
}

export async function openPrefix(server: URL, name: string): Promise<Prefix> {
  const client = createClient({ url: server.href });
  await client.connect();
  return {
    server,
    text: name,
    storeUrl(part) {
      const url = new URL(server);
      url.searchParams.set('prefix', `${name}:${part}:`);
      return url;
    },
    async [Symbol.asyncDispose]() {
      for await (const keys of client.scanIterator({ MATCH: `${name}:*`, COUNT: 1000 })) {
        if (keys.length > 0) await client.unlink(keys);
      }
      client.destroy();
    },
  };
}
