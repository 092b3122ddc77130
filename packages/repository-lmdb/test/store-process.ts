import { systemClock } from '@product-updates/queue';
import { openLmdbStore } from '@product-updates/repository-lmdb';
import { serveStore } from '@product-updates/repository/contract';

const url = new URL(process.argv[2] ?? '');
await serveStore(() => openLmdbStore(url, { deadLetterMax: 10_000, clock: systemClock }));
