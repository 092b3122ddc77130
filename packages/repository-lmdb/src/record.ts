import type { ProductRecord, Version } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';

/** Four doubles, little-endian: price, its version, stock, its version. A version of 0 says that there is no value. */
export const RECORD_BYTES = 32;

export function writeRecord(view: DataView, at: number, record: ProductRecord): void {
  view.setFloat64(at, record.price ?? 0, true);
  view.setFloat64(at + 8, record.price_version, true);
  view.setFloat64(at + 16, record.stock ?? 0, true);
  view.setFloat64(at + 24, record.stock_version, true);
}

export function readRecord(product_id: string, view: DataView, at: number): ProductRecord {
  const price_version = view.getFloat64(at + 8, true) as Version;
  const stock_version = view.getFloat64(at + 24, true) as Version;
  return {
    product_id,
    price: price_version === 0 ? null : view.getFloat64(at, true),
    price_version,
    stock: stock_version === 0 ? null : view.getFloat64(at + 16, true),
    stock_version,
  };
}

/** Calls `each` with every record's id and bytes, which all lie in one block of memory. */
export function encodeRecords(
  records: readonly ProductRecord[],
  each: (product_id: string, bytes: Uint8Array) => void,
): void {
  const block = new ArrayBuffer(records.length * RECORD_BYTES);
  const view = new DataView(block);
  for (const [index, record] of records.entries()) {
    const at = index * RECORD_BYTES;
    writeRecord(view, at, record);
    each(record.product_id, new Uint8Array(block, at, RECORD_BYTES));
  }
}

/** Throws `misconfigured` for what no record was written as. */
export function decodeRecord(product_id: string, bytes: Uint8Array): ProductRecord {
  if (bytes.length !== RECORD_BYTES) {
    throw new CodedError(
      'misconfigured',
      `a product's record has ${bytes.length} bytes: the store is damaged, restore a backup`,
    );
  }
  return readRecord(product_id, new DataView(bytes.buffer, bytes.byteOffset, RECORD_BYTES), 0);
}
