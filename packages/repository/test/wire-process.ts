import { serveStore } from '@product-updates/repository/contract';
import { openWireStore } from './wire-store.ts';

await serveStore(() => openWireStore({ port: Number(process.argv[2]), timeoutMs: 2000, deadLetterMax: 100 }));
