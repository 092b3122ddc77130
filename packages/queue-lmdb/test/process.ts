import { serveQueue } from '@product-updates/queue/contract';
import { openBytes } from './bytes.ts';

await serveQueue(() => openBytes(new URL(process.argv[2] as string)));
