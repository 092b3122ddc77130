import { systemClock } from '@product-updates/queue';
import { serveStore } from '@product-updates/repository/contract';
import { openRedisStore } from '@product-updates/repository-redis';

await serveStore(() => openRedisStore(new URL(process.argv[2]!), { deadLetterMax: 100, clock: systemClock }));
