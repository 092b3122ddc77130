import type { Server } from 'node:http';

/** Listens where the benchmark says, and ends when it says. `stop` lets go of what stands behind the server. */
export function listen(server: Server, stop: () => Promise<void> = () => Promise.resolve()): void {
  server.listen(Number(process.env['PORT']), '127.0.0.1');
  process.once('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
    stop().catch((error: unknown) => {
      process.exitCode = 1;
      process.stderr.write(`${String(error)}\n`);
    });
  });
}
