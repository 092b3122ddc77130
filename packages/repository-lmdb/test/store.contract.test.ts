import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEnvironment } from '@product-updates/lmdb';
import { systemClock } from '@product-updates/queue';
import { openLmdbStore } from '@product-updates/repository-lmdb';
import { storeContract } from '@product-updates/repository/contract';
import { translate } from '../src/errors.ts';
import { folderPlace } from './places.ts';

const noServer = 'there is no server and no network: the store is a file of this process';
const oneProcess = 'one process alone can open a folder; a second one is refused';
const context = { deadLetterMax: 10, clock: systemClock };

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'refused-'));
});
after(() => rmSync(root, { recursive: true }));

const open = (rest: string) => openLmdbStore(new URL(`lmdb:${rest}`), context);
const native = (code: number | string): Error => Object.assign(new Error(`native ${code}`), { code });

storeContract({
  name: 'lmdb',
  declared: { durability: 'disk' },
  place: async (id) => folderPlace(id === 'R19' ? { maxBytes: 4 * 2 ** 20 } : {}),
  errors: {
    translate,
    rows: [
      ...[-30792, -30788, 28, 122, 27, 'ENOSPC', 'EDQUOT', 'EFBIG', -30795, 5, 'EIO', 12, 'EMFILE'].map((code) => ({
        name: `${code}`,
        native: native(code),
        code: 'unavailable' as const,
      })),
      { name: 'a key that is too long', native: native(-30781), code: 'invalid' },
      ...[-30796, -30797, -30794, -30793, 13, 30, 'EACCES', 'EROFS', 'ENOTDIR', 'EEXIST'].map((code) => ({
        name: `${code}`,
        native: native(code),
        code: 'misconfigured' as const,
      })),
    ],
  },
  refusals: [
    { name: 'a host', open: () => open('//data/store'), says: /without a host/ },
    { name: 'no folder', open: () => open(''), says: /names no folder/ },
    { name: 'a folder that cannot be decoded', open: () => open('./%'), says: /names no folder/ },
    { name: 'an unknown option', open: () => open(`${root}/a?max=1`), says: /unknown option "max"; known: maxBytes/ },
    { name: 'a bound too small', open: () => open(`${root}/a?maxBytes=1`), says: /maxBytes/ },
    {
      name: 'a password in vain',
      open: () => open('//user:hunter2@host/store'),
      says: /without a host/,
      password: 'hunter2',
    },
    {
      name: 'a second process',
      async open() {
        const place = folderPlace();
        const opened = await place.open({ deadLetterMax: 1, timeoutMs: 1000 });
        try {
          const child = await place.faults.fork?.();
          await child?.kill();
        } finally {
          await opened.store[Symbol.asyncDispose]();
          await place.remove();
        }
        return opened;
      },
      says: /is open in another process/,
    },
    {
      name: 'a second time',
      async open() {
        await using _first = (await open(`${root}/twice`)).store;
        return await open(`${root}/twice`);
      },
      says: /is open already/,
    },
    {
      name: 'a newer format',
      async open() {
        const newer = { part: 'store', format: 99, migrations: {}, maxBytes: 2 ** 30 };
        await (await openEnvironment(`${root}/newer`, newer))[Symbol.asyncDispose]();
        return open(`${root}/newer`);
      },
      says: /written by a newer version \(format 99 of store, this one knows 2\)/,
    },
    {
      name: 'a file that is not LMDB’s',
      async open() {
        mkdirSync(`${root}/text`);
        writeFileSync(`${root}/text/data.mdb`, 'price list\n'.repeat(1000));
        return open(`${root}/text`);
      },
      says: /text\/data\.mdb is not a file of LMDB; restore a backup/,
    },
    {
      name: 'a file where the folder should be',
      async open() {
        writeFileSync(`${root}/file`, '');
        return open(`${root}/file`);
      },
      says: /file: LMDB cannot use this folder/,
    },
  ],
  skip: [
    ...['R1.2', 'R10.3', 'R12', 'R16.2', 'R17', 'R18', 'R22', 'R27'].map((test) => ({ test, reason: noServer })),
    ...['R20.1', 'R29'].map((test) => ({ test, reason: oneProcess })),
  ],
});
