import type { Transform } from 'node:stream';
// As a namespace: Node 20 has no zstd, and an import by name would fail there.
import * as zlib from 'node:zlib';

/** A decoder of `node:zlib`. */
type Decoder = Transform & { readonly bytesWritten: number };

/** A content coding (RFC 9110, 8.4.1) that bodies may have. */
export interface ContentCoding {
  /** `encoded` is the whole body. */
  decoder(encoded: Buffer): Decoder;
}

/** Four times the default: one chunk is one trip to the thread pool. */
const chunkSize = 65_536;
/** RFC 9659: as a content coding, zstd needs no window above 8 MiB. */
const zstdParams = { [zlib.constants.ZSTD_d_windowLogMax]: 23 };

const gzip: ContentCoding = { decoder: () => zlib.createGunzip({ chunkSize }) };
const deflate: ContentCoding = {
  decoder: (encoded) => (isZlib(encoded) ? zlib.createInflate({ chunkSize }) : zlib.createInflateRaw({ chunkSize })),
};
const br: ContentCoding = { decoder: () => zlib.createBrotliDecompress({ chunkSize }) };
const zstd: ContentCoding = { decoder: () => zlib.createZstdDecompress({ chunkSize, params: zstdParams }) };

const hasZstd = 'createZstdDecompress' in zlib;
const codings = new Map([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['deflate', deflate],
  ['br', br],
  ...(hasZstd ? ([['zstd', zstd]] as const) : []),
]);

/** What a refused client may send instead, as the value of `Accept-Encoding`. */
export const knownCodings: string = hasZstd ? 'gzip, deflate, br, zstd' : 'gzip, deflate, br';

/** The coding that a `Content-Encoding` names; `identity` where it names none; `undefined`: one that is not known, or several. */
export function contentCodingOf(header: string | undefined): ContentCoding | 'identity' | undefined {
  if (header === undefined) return 'identity';
  const [name = 'identity', ...others] = header
    .toLowerCase()
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'identity');
  if (others.length > 0) return undefined;
  return name === 'identity' ? 'identity' : codings.get(name);
}

/** Browsers and servers have always taken `deflate` for either: the zlib format, which it is, and the bare stream. */
function isZlib(encoded: Buffer): boolean {
  const head = encoded.length < 2 ? 0 : encoded.readUInt16BE(0);
  return (head & 0x0f00) === 0x0800 && head % 31 === 0;
}

/** How many bytes a body may have that decodes to `limitBytes`: what cannot be compressed grows by less than this. */
export function encodedLimit(limitBytes: number): number {
  return limitBytes + Math.ceil(limitBytes / 1024) + 1024;
}

/** What came of decoding: the bytes, or why there are none. */
export type Decoded = Buffer | 'too large' | 'corrupt';

export interface DecodeOptions {
  readonly coding: ContentCoding;
  readonly limitBytes: number;
}

/** Returns a function that cancels a body that still waits; `done` is then not called. */
export type Decode = (encoded: Buffer, options: DecodeOptions, done: (decoded: Decoded) => void) => () => void;

/**
 * Decodes whole bodies, `atOnce` at a time, so that those who send many neither fill the thread pool nor hold many windows.
 * Decoding stops with the first chunk beyond the limit. Bytes behind the end of the compressed data are corrupt;
 * further members of a gzip file are not (RFC 1952, 2.2).
 */
export function createDecode(atOnce: number): Decode {
  let running = 0;
  const waiting = new Set<() => void>();

  function next(): void {
    for (const start of waiting) {
      if (running === atOnce) return;
      waiting.delete(start);
      running += 1;
      start();
    }
  }

  return (encoded, options, done) => {
    const start = (): void =>
      decode(encoded, options, (decoded) => {
        running -= 1;
        done(decoded);
        next();
      });
    waiting.add(start);
    next();
    return () => waiting.delete(start);
  };
}

function decode(encoded: Buffer, { coding, limitBytes }: DecodeOptions, done: (decoded: Decoded) => void): void {
  const decoder = coding.decoder(encoded);
  const chunks: Buffer[] = [];
  let size = 0;
  decoder.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= limitBytes) return;
    decoder.destroy();
    done('too large');
  });
  decoder.on('end', () => done(decoder.bytesWritten === encoded.length ? Buffer.concat(chunks, size) : 'corrupt'));
  decoder.on('error', () => done('corrupt'));
  decoder.end(encoded);
}
