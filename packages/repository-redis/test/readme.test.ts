import { join } from 'node:path';
import { liveService } from '@product-updates/tooling/live-service';
import { runReadmeExamples } from '@product-updates/tooling/readme';
import { removeKeys } from './redis-commands.ts';

const readme = join(import.meta.dirname, '../README.md');
const live = await liveService('redis');

if ('missing' in live) it.skip(`runs every example of the README (${live.missing})`);
else {
  it('runs every example of the README', async () => {
    try {
      await runReadmeExamples(readme);
    } finally {
      await removeKeys(live.url, 'readme:');
    }
  }).timeout(60_000);
}
