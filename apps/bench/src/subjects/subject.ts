import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startServer, type RunningServer } from '../process/server.ts';

/** What is compared: the service, as it is and with a middleware of somebody's own, and others that do the same or less. */
export const subjects = ['service', 'middleware', 'raw-bare', 'fastify'] as const;
export type Subject = (typeof subjects)[number];

/** What `npm start` gives Node; the others get it too, so that they are comparable. */
const nodeFlags: readonly string[] = [
  '--max-semi-space-size=8',
  '--heap-growing-percent=50',
  '--no-allocation-site-pretenuring',
];

export interface StartOptions {
  readonly source: boolean;
  readonly core: number | null;
  /** More flags for Node. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Subjects that are not compared to the others. */
type Special = 'slow-store' | 'loaded-store';

export function startSubject(subject: Subject | Special, options: StartOptions): Promise<RunningServer> {
  const conditions = options.source ? ['--conditions=@product-updates/source'] : [];
  const script = subject === 'service' ? serviceScript(options.source) : scriptIn(`${subject}.ts`);
  const { core, env = {} } = options;
  return startServer({ args: [...nodeFlags, ...conditions, ...(options.flags ?? []), script], core, env });
}

function serviceScript(source: boolean): string {
  const script = scriptIn(`../../../server/${source ? 'src/main.ts' : 'dist/src/main.js'}`);
  if (existsSync(script)) return script;
  throw new Error('the server is not built: run "npm run build", or give --source');
}

function scriptIn(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
