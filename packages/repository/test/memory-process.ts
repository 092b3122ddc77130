import { systemClock } from '@product-updates/queue';
import { openMemoryStore } from '@product-updates/repository';
import { serveStore } from '@product-updates/repository/contract';

const url = new URL(process.argv[2] ?? 'memory:');
await serveStore(() => openMemoryStore(url, { deadLetterMax: 1, clock: systemClock }));
