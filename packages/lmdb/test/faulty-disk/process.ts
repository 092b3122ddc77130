/** Does what its lines of input ask, on the folder that its argument names, and answers each with a line of JSON. */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { codeOf, describe } from '@product-updates/errors';
import { openEnvironment, type Environment } from '@product-updates/lmdb';

const environment = await openEnvironment(process.argv[2] ?? '', {
  part: 'store',
  format: 1,
  migrations: {},
  maxBytes: 2 ** 30,
});
const table = environment.numberedTable('t');

const asked: Readonly<Record<string, (argument: number) => Promise<unknown>>> = {
  /** The value says its key, so that a mixture of two would show. */
  write: (key) => environment.write(() => table.put(key, Buffer.alloc(100, String(key)))),
  large: (key) => environment.write(() => table.put(key, Buffer.alloc(2 ** 22))),
  free: (key) => environment.write(() => table.put(key, Buffer.from('free')), { frees: true }),
  ping: () => environment.ping(),
  read: async (key) =>
    Buffer.from(table.get(key) ?? [])
      .toString()
      .slice(0, 4),
  count: async () => table.count(),
  /** As many commits, of several writes each, some large, each noted in the trace when it resolved. */
  work: (commits) => work(environment, commits),
};

async function work(environment: Environment, commits: number): Promise<void> {
  const trace = process.env['TRACE'];
  for (let commit = 1; commit <= commits; commit++) {
    const change = (): void => {
      for (let key = 0; key < 40; key++) {
        if (key % 8 === commit % 8) table.put(key, valueOf(commit, key));
      }
      table.put(1000, valueOf(commit, 0));
    };
    await environment.write(change);
    if (trace === undefined) continue;
    const note = Buffer.alloc(17, 0);
    note.write('A');
    note.writeUInt32LE(commit, 1);
    appendFileSync(trace, note);
  }
}

function valueOf(commit: number, key: number): Uint8Array {
  const value = Buffer.alloc(key % 16 === 0 ? 9000 : 60, commit % 251);
  value.writeUInt32LE(commit);
  return value;
}

process.stdout.write('"open"\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', argument] = line.split(' ');
  const answer = await asked[name]?.(Number(argument)).then(
    (value) => ({ value }),
    (error: unknown) => ({ code: codeOf(error), says: describe(error) }),
  );
  process.stdout.write(`${JSON.stringify(answer ?? null)}\n`);
}
await environment[Symbol.asyncDispose]();
