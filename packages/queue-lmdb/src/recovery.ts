import { codeOf } from '@product-updates/errors';
import type { Environment, Table } from '@product-updates/lmdb';
import { BlockReader } from './block-reader.ts';
import type { Mark } from './handed-out.ts';
import { SettledRecord } from './settled-record.ts';

export interface Tables {
  /** Messages, many in a block, by ascending number from 1. */
  readonly blocks: Table<number>;
  /** `SettledRecord`s, by the number of their block. */
  readonly records: Table<number>;
  /** How often the queue was opened, at 0. */
  readonly lives: Table<number>;
}

export interface Recovered {
  /** Messages that are not settled. */
  readonly depth: number;
  /** Of the last block; 0 where there is none. */
  readonly lastKey: number;
  readonly life: number;
}

interface Changes {
  readonly removedBlocks: number[];
  readonly removedRecords: number[];
  readonly records: Map<number, SettledRecord>;
}

/**
 * Counts what is there, and begins a new life: what the life before had handed out and not settled has one crash more.
 * Reads everything once, since that is also when damage is found.
 */
export async function recover(environment: Environment, tables: Tables, mark: Mark | undefined): Promise<Recovered> {
  const before = lifeIn(tables);
  const handedOut = mark?.life === before ? mark : undefined;
  const { depth, lastKey, changes } = scan(tables, handedOut);
  try {
    await environment.write(
      () => {
        for (const key of changes.removedBlocks) tables.blocks.remove(key);
        for (const key of changes.removedRecords) tables.records.remove(key);
        for (const [key, record] of changes.records) tables.records.put(key, record.bytes());
        tables.lives.put(0, bytesOf(before + 1));
      },
      { frees: true },
    );
    return { depth, lastKey, life: before + 1 };
  } catch (error) {
    if (codeOf(error) !== 'full') throw error;
    // A full disk is no reason not to start: what is acked makes room. The crash is then counted with the next one.
    return { depth, lastKey, life: before };
  }
}

function scan(tables: Tables, handedOut: Mark | undefined): { depth: number; lastKey: number; changes: Changes } {
  const written = new Map(tables.records.entries());
  const changes: Changes = { removedBlocks: [], removedRecords: [], records: new Map() };
  let depth = 0;
  let lastKey = 0;
  for (const [key, bytes] of tables.blocks.entries()) {
    const { count } = new BlockReader(bytes);
    const known = written.get(key);
    written.delete(key);
    const record = (known && SettledRecord.read(known, count)) ?? new SettledRecord(count);
    const unsettled = count - record.settled;
    depth += unsettled;
    lastKey = key;
    if (unsettled === 0) {
      changes.removedBlocks.push(key);
      changes.removedRecords.push(key);
    } else if (handedOut !== undefined && key <= handedOut.block) {
      const last = key === handedOut.block ? handedOut.index : count - 1;
      if (record.countCrash(last)) changes.records.set(key, record);
    }
  }
  changes.removedRecords.push(...written.keys());
  return { depth, lastKey, changes };
}

function lifeIn({ lives }: Tables): number {
  const bytes = lives.get(0);
  return bytes === undefined ? 0 : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0, true);
}

function bytesOf(life: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, life, true);
  return bytes;
}
