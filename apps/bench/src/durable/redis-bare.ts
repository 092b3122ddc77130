import { createClient } from '@redis/client';
import type { ProductRecord } from '@product-updates/domain';
import type { Store } from '@product-updates/repository';
import type { OpenSide } from './open-side.ts';
import type { Prefix } from './redis-prefix.ts';
import { createWorkload } from './workload.ts';

/** What our store asks of the server. */
export interface LearntScript {
  readonly sha: string;
  readonly productsPerCall: number;
}

const PROBE_PRODUCTS = 500;

/** Looks at what the server is sent when our store applies a batch: the script that it knows then is the one to compare to. */
export async function learnScript({ server, text }: Prefix, { products }: Store): Promise<LearntScript> {
  const [probe = []] = createWorkload({ name: 'probe', products: PROBE_PRODUCTS, batchSize: PROBE_PRODUCTS }).pass(0);
  // A script that is new to the server comes as its source.
  await products.apply(probe.slice(0, 1));
  const client = createClient({ url: server.href });
  await client.connect();
  try {
    const seen = Promise.withResolvers<LearntScript>();
    await client.monitor((line) => {
      const [, sha, keys] = /"evalsha" "([0-9a-f]{40})" "(\d+)"/i.exec(line) ?? [];
      // The first key is not a product: it keeps the highest version.
      if (sha !== undefined && line.includes(text)) seen.resolve({ sha, productsPerCall: Number(keys) - 1 });
    });
    await products.apply(probe);
    return await seen.promise;
  } finally {
    client.destroy();
  }
}

/** The same script, called by its hash for as many products at a time, all calls of a batch in one pipeline. */
export async function openBareRedis(
  { server, text }: Prefix,
  { sha, productsPerCall }: LearntScript,
): Promise<OpenSide> {
  const client = createClient({ url: server.href });
  await client.connect();
  const keyOf = ({ product_id }: ProductRecord): string => `${text}:bare:product:${product_id}`;
  const highestKey = `${text}:bare:highest-version`;

  function callOf(records: readonly ProductRecord[]): { keys: string[]; arguments: string[] } {
    const highest = Math.max(...records.map(({ price_version }) => price_version));
    return {
      keys: [highestKey, ...records.map(keyOf)],
      arguments: [String(highest), JSON.stringify(records.flatMap(fieldsOf))],
    };
  }
  return {
    prepare(records) {
      const calls = Array.from({ length: Math.ceil(records.length / productsPerCall) }, (_, index) =>
        callOf(records.slice(index * productsPerCall, (index + 1) * productsPerCall)),
      );
      return async () => {
        const answers = (await Promise.all(calls.map((call) => client.evalSha(sha, call)))) as unknown[][];
        return answers.flat().filter((answer) => answer !== 0).length;
      };
    },
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
}

function fieldsOf({ price, price_version, stock, stock_version }: ProductRecord): string[] {
  return [price, price_version, stock, stock_version].map(String);
}
