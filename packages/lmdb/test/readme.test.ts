import { join } from 'node:path';
import { runReadmeExamples } from '@product-updates/tooling/readme';

const readme = join(import.meta.dirname, '../README.md');
it('runs every example of the README', () => runReadmeExamples(readme)).timeout(60_000);
