import { CodedError } from '@product-updates/errors';
import type { Store } from '@product-updates/repository';
import { createTcpProxy, forkStore, type StoreContract } from '@product-updates/repository/contract';
import { startWireServer } from './wire-server.ts';
import { type Defects, openWireStore } from './wire-store.ts';

/** The store over a socket, or a defective one, with every fault that the contract knows. */
export function wireContract(defects: Defects = {}, create?: () => Store): StoreContract {
  return {
    name: 'wire',
    declared: { durability: 'disk', recoveryMs: 2000, runs: { quick: 50, long: 500 } },
    async place() {
      const server = await startWireServer(create);
      const proxy = await createTcpProxy({ host: '127.0.0.1', port: server.port });
      return {
        open: (asked) => openWireStore({ ...asked, port: proxy.port, defects }),
        async remove() {
          await proxy[Symbol.asyncDispose]();
          await server[Symbol.asyncDispose]();
        },
        faults: {
          fork: () => forkStore({ module: new URL('wire-process.ts', import.meta.url), args: [`${server.port}`] }),
          network: proxy,
          server,
          storage: server,
          failover: server,
          locks: server,
          roundTrips: async () => server.calls,
          held: async () => server.connections,
        },
      };
    },
    errors: { translate, rows },
    refusals: [
      {
        name: 'an evicting server',
        open: () => Promise.reject(new CodedError('misconfigured', 'wire://***@host evicts')),
        says: /evicts/,
        password: 'secret',
      },
    ],
    skip: [],
  };
}

/** The kind of table that an adapter's `errors.ts` has. */
const codes: Readonly<Record<string, 'unavailable' | 'invalid' | 'misconfigured'>> = {
  ECONNRESET: 'unavailable',
  TOO_LARGE: 'invalid',
  NO_RIGHT: 'misconfigured',
};
const rows = Object.entries(codes).map(([name, code]) => ({
  name,
  native: Object.assign(new Error(name), { code: name }),
  code,
}));

function translate(native: unknown): unknown {
  const code = codes[(native as { code?: string }).code ?? ''];
  return code === undefined ? native : new CodedError(code, 'the store failed', { cause: native });
}
