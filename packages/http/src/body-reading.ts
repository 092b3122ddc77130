import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BodyMemory, HeldBody } from './body-memory.ts';
import { corruptBody, emptyBody, tooLargeBody } from './body-problems.ts';
import { contentCodingOf, encodedLimit, type ContentCoding, type Decode } from './content-coding.ts';
import { tooManyBodies, type Problem } from './problem.ts';

/**
 * What came of reading a body: its bytes, decoded, or a refusal, or nothing, because the client went away or was answered
 * before the end of it. `sentBytes`: how many came, as they were sent.
 */
export type ReadBody = (body: Buffer | Problem | undefined, sentBytes: number) => void;

/** What all bodies of a reader share. */
export interface ReadingContext {
  readonly memory: BodyMemory;
  readonly decode: Decode;
  /** Of bodies, from their arrival until their `done` has returned; without those that are being decoded. */
  heldBytes: number;
}

/**
 * One body on its way. A class on purpose, as all that lives for a request and reaches it: V8 puts objects of a literal that
 * often live long into the old generation at once, and there each would keep its request until the next major collection.
 */
export class BodyReading {
  readonly #context: ReadingContext;
  readonly #res: ServerResponse;
  readonly #socket: Socket;
  readonly #coding: ContentCoding | 'identity';
  /** Of the decoded body. */
  readonly #limitBytes: number;
  /** Of the body as it is sent. */
  readonly #mostBytes: number;
  readonly #announcedBytes: number;
  readonly #done: ReadBody;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #size = 0;
  #state: 'reading' | 'decoding' | 'finished' = 'reading';
  #held: HeldBody | undefined;
  #onSocketClose: (() => void) | undefined;
  #cancelDecoding: (() => void) | undefined;

  constructor(context: ReadingContext, res: ServerResponse, limitBytes: number, done: ReadBody) {
    const { req } = res;
    const { headers } = req;
    const coding = contentCodingOf(headers['content-encoding']) ?? 'identity';
    this.#context = context;
    this.#res = res;
    this.#socket = req.socket;
    this.#coding = coding;
    this.#limitBytes = limitBytes;
    this.#mostBytes = coding === 'identity' ? limitBytes : encodedLimit(limitBytes);
    this.#announcedBytes = coding === 'identity' ? Number(headers['content-length']) : Number.NaN;
    this.#done = done;
  }

  add(chunk: Buffer): void {
    if (this.#state !== 'reading') return;
    const { length } = chunk;
    this.#size += length;
    this.#context.heldBytes += length;
    if (this.#size > this.#mostBytes) return this.#finish(tooLargeBody(this.#limitBytes));
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#more === undefined) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
    // What is complete is parsed and let go at once.
    if (this.#size !== this.#announcedBytes) this.#hold(length);
  }

  end(): void {
    if (this.#state !== 'reading') return;
    if (this.#res.headersSent) return this.#finish(undefined);
    const body = this.#more === undefined ? this.#first : Buffer.concat(this.#more, this.#size);
    if (this.#coding === 'identity' || body === undefined) return this.#finish(body ?? emptyBody);
    this.#state = 'decoding';
    this.#first = this.#more = undefined;
    this.#decode(body, this.#coding);
  }

  /** The client is gone. */
  close(): void {
    if (this.#state === 'reading') this.#finish(undefined);
  }

  #decode(encoded: Buffer, coding: ContentCoding): void {
    const limitBytes = this.#limitBytes;
    this.#cancelDecoding = this.#context.decode(encoded, { coding, limitBytes }, (decoded) => {
      if (decoded === 'too large') return this.#finish(tooLargeBody(limitBytes));
      if (decoded === 'corrupt') return this.#finish(corruptBody);
      this.#context.heldBytes += decoded.length;
      this.#finish(decoded.length === 0 ? emptyBody : decoded);
      this.#context.heldBytes -= decoded.length;
    });
  }

  /** Opened with the first bytes: most bodies are complete when they come. */
  #hold(bytes: number): void {
    if (this.#held === undefined) {
      this.#held = this.#context.memory.open(() => this.#finish(tooManyBodies));
      // Where the request was answered before its end, Node says nothing else of it.
      this.#onSocketClose = () => this.close();
      this.#socket.once('close', this.#onSocketClose);
    }
    this.#held.add(bytes);
  }

  #release(): void {
    this.#held?.release();
    if (this.#onSocketClose !== undefined) this.#socket.off('close', this.#onSocketClose);
  }

  #finish(body: Buffer | Problem | undefined): void {
    if (this.#state === 'finished') return;
    this.#state = 'finished';
    this.#cancelDecoding?.();
    // The request lives until it is answered, and would keep them.
    this.#first = this.#more = undefined;
    this.#release();
    this.#done(body, this.#size);
    this.#context.heldBytes -= this.#size;
  }
}
