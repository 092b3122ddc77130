import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createRandom, type Random } from '@product-updates/queue/contract';
import { cutPower, diskOf, type Disk } from '@product-updates/tooling/disk-trace';
import { startChild, type Child, type Environment } from '../child.ts';
import { startClients, type Clients } from './clients.ts';
import { examine, isReady } from './examine.ts';
import { Ledger } from './ledger.ts';

export interface WorldOptions {
  /** Given the data folder. */
  readonly environment: (folder: string) => Environment;
  readonly main: 'source' | 'built' | 'spoilt';
  /** A library of `buildDiskTrace`: each kill is a power cut, for the files in the data folder. */
  readonly power?: string;
  readonly seed: number;
  /** Up to how long each client waits between two posts: where a machine has better to do than to post; 0 unless given. */
  readonly pauseMs?: number;
}

/** What one run has seen. */
export interface Seen {
  kills: number;
  /** Of the service. */
  starts: number;
  /** How often everything was held against the ledger. */
  checks: number;
  accepted: number;
  unanswered: number;
  /** From each kill (or the start of the database) until it was ready again, in ms. */
  readonly readyMs: number[];
  /** What was lost, or otherwise wrong. */
  faultCount: number;
  /** The first of them. */
  readonly faults: string[];
}

/** So many faults are told; one loss may show in every product. */
const FAULTS_TOLD = 10;
const CLIENTS = 12;
const PRODUCTS = 400;
const READY_LIMIT_MS = 180_000;
/** Fates asked at each check. */
const FATES = 25;

/** One service over one data folder, and the clients that will not leave it alone. */
export class World implements AsyncDisposable {
  readonly random: Random;
  readonly seen: Seen = {
    kills: 0,
    starts: 0,
    checks: 0,
    accepted: 0,
    unanswered: 0,
    readyMs: [],
    faultCount: 0,
    faults: [],
  };
  readonly ledger: Ledger = new Ledger();
  /** A connection for each question: one that is kept may be cut just as it is used again. */
  readonly agent: Agent = new Agent({ keepAlive: false, maxSockets: 16 });
  readonly clients: Clients;
  readonly url: string;
  readonly #port: number;
  readonly #options: WorldOptions;
  readonly #folder: string;
  #child: Child | undefined;
  #disk: Disk = new Map();

  private constructor(options: WorldOptions, port: number) {
    const { seed, pauseMs = 0 } = options;
    this.#options = options;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.random = createRandom(seed);
    this.#folder = mkdtempSync(join(tmpdir(), 'crash-'));
    this.clients = startClients({
      url: this.url,
      ledger: this.ledger,
      seed,
      count: CLIENTS,
      products: PRODUCTS,
      pauseMs,
    });
  }

  static async create(options: WorldOptions): Promise<World> {
    return new World(options, await freeServicePort());
  }

  /** Starts the service, and does not wait for it. */
  start(): Child {
    const { environment, main, power } = this.#options;
    const traced = power === undefined ? {} : { LD_PRELOAD: power };
    const env = { ...environment(this.#folder), ...traced, HOST: '127.0.0.1', PORT: `${this.#port}` };
    if (power !== undefined) this.#disk = diskOf(this.#folder);
    const child = startChild(env, { main });
    this.#child = child;
    this.seen.starts += 1;
    return child;
  }

  /** Resolves when the service is ready; rejects when it ends instead. */
  async ready(child: Child): Promise<void> {
    let ended = false;
    void child.ended.then(() => (ended = true));
    const deadline = performance.now() + READY_LIMIT_MS;
    while (!(await isReady(this.agent, this.url))) {
      if (ended) throw new Error(`the service ended: ${JSON.stringify(await child.ended)}`);
      if (performance.now() > deadline) throw new Error(`not ready after ${READY_LIMIT_MS} ms`);
      await wait(5);
    }
  }

  /** Resolves when it is gone. One that had drained before is not counted, one that had ended otherwise is a fault. */
  async kill(child: Child): Promise<void> {
    child.kill('SIGKILL');
    const { code, signal, stdout, stderr } = await child.ended;
    if (signal !== 'SIGKILL' && code !== 0) {
      this.blame([`it ended by itself, with ${code}: ${stdout.slice(-4000)}${stderr}`]);
    }
    if (this.#options.power !== undefined) cutPower(this.#folder, this.#disk, () => this.random.int(1000) / 1000);
    if (signal === 'SIGKILL') this.seen.kills += 1;
  }

  /** Resolves when something was accepted, and then after up to so many ms more. */
  async load(upToMs: number): Promise<void> {
    const { accepted } = this.ledger;
    this.clients.resume();
    const deadline = performance.now() + READY_LIMIT_MS;
    while (this.ledger.accepted === accepted) {
      if (performance.now() > deadline) throw new Error(`nothing accepted in ${READY_LIMIT_MS} ms`);
      await wait(1);
    }
    await wait(this.random.int(upToMs));
  }

  async check(fates: number = FATES): Promise<void> {
    this.blame(await examine(this, fates).catch((error: unknown) => this.#fail(error)));
    this.seen.checks += 1;
    this.seen.accepted = this.ledger.accepted;
    this.seen.unanswered = this.ledger.unanswered;
  }

  /** A question that nobody answered says little: perhaps the service has ended. */
  async #fail(cause: unknown): Promise<never> {
    const runs = 'it still runs';
    const service = await Promise.race([this.#child?.ended, wait(1000, runs)]);
    throw new Error(`${String(cause)}; the service: ${JSON.stringify(service)}`, { cause });
  }

  blame(faults: readonly string[]): void {
    this.seen.faultCount += faults.length;
    this.seen.faults.push(...faults.slice(0, FAULTS_TOLD - this.seen.faults.length));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#child?.ended;
    await this.clients[Symbol.asyncDispose]();
    this.agent.destroy();
    rmSync(this.#folder, { recursive: true });
  }
}

const portsTaken = new Set<number>();

/** A free port that no outgoing connection of anybody, and no other world, is given while the service is down. */
async function freeServicePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (portsTaken.has(port)) continue;
    portsTaken.add(port);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]).catch(() => false);
    server.close();
    if (free) return port;
  }
}
