// What `npm start` and `npm run migrate` run: the service from its sources, whose types Node strips. Plain JavaScript, so that
// a Node that cannot do that says so in one line.
import * as module from 'node:module';
import { join } from 'node:path';

if (process.features.typescript) {
  // What was stripped and compiled once is read from there at the next start.
  module.enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/product-updates'));
  await import('./src/main.ts');
} else {
  process.exitCode = 1;
  process.stderr.write(
    `product-update-service: this is Node.js ${process.version}, and its sources need 22.18 or newer. npm ci brings Node.js 24 ` +
      'along (package "node"): run it again, and start with npm. Or build with a newer one (npm run build) and run ' +
      'node apps/server/dist/src/main.js, which needs 20.19.\n',
  );
}
