import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request; rejects when the connection is refused or cut. */
export function ask(
  agent: Agent,
  url: string,
  { method = 'GET', json }: { method?: string; json?: unknown } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const headers =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const req = request(url, { agent, method, headers }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => (text += chunk));
      res.once('error', reject);
      res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text }));
    });
    req.once('error', reject);
    req.end(body);
  });
}

export interface Load {
  /** Updates whose POST was answered 202. */
  accepted(): number;
  /** Updates that were sent, whatever became of them. */
  sent(): number;
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Resolves when every connection has met its end. */
  readonly ended: Promise<void>;
}

/** Posts arrays without a pause on each connection, until the server goes away. */
export function startLoad(url: string, { connections, size }: { connections: number; size: number }): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses = new Map<number, number>();
  let accepted = 0;
  let sent = 0;

  async function post(connection: number): Promise<void> {
    for (let n = 0; ; n += 1) {
      const json = Array.from({ length: size }, (_, i) => ({
        product_id: `p${connection}-${(n * size + i) % 500}`,
        stock: n,
      }));
      sent += size;
      const answer = await ask(agent, `${url}/events`, { method: 'POST', json }).catch(() => undefined);
      if (answer === undefined) return;
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 202) accepted += size;
    }
  }

  const ended = Promise.all(Array.from({ length: connections }, (_, n) => post(n))).then(() => agent.destroy());
  return { accepted: () => accepted, sent: () => sent, statuses, ended };
}
