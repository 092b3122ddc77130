import { systemClock } from '@product-updates/queue';
import { serveStore } from '@product-updates/repository/contract';
import { openPostgresStore } from '@product-updates/repository-postgres';

const url = new URL(process.argv[2] ?? '');
await serveStore(() => openPostgresStore(url, { deadLetterMax: 100, clock: systemClock }));
