import * as zlib from 'node:zlib';

/** By content coding. */
export const compress: Record<string, (text: string | Buffer) => Buffer> = {
  gzip: (text) => zlib.gzipSync(text),
  'x-gzip': (text) => zlib.gzipSync(text),
  deflate: (text) => zlib.deflateSync(text),
  br: (text) => zlib.brotliCompressSync(text, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (text) => zlib.zstdCompressSync(text),
};
