import { join } from 'node:path';
import { runReadmeExamples } from '@product-updates/tooling/readme';
import { ask, liveUrl, missing } from './servers.ts';

const readme = join(import.meta.dirname, '../README.md');

if (missing !== undefined) it.skip(`runs every example of the README (${missing})`);
else {
  it('runs every example of the README', async () => {
    const drop = (): Promise<unknown> => ask(liveUrl(), 'drop schema if exists readme_example cascade');
    await drop();
    try {
      await runReadmeExamples(readme);
    } finally {
      await drop();
    }
  }).timeout(60_000);
}
