import { join } from 'node:path';
import { runReadmeExamples } from '@product-updates/tooling/readme';

it('runs every example of the README', () => runReadmeExamples(join(import.meta.dirname, '../README.md'))).timeout(
  60_000,
);
