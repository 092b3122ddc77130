/** The service's HTTP layer and pipeline in front of a store that applies so many updates a second: `STORE_PER_SECOND`. */
import type { ProductWriter } from '@product-updates/repository';
import { startBackend } from './backend.ts';
import { serve } from './serve.ts';
import { LANES } from './service-defaults.ts';

const perSecond = Number(process.env['STORE_PER_SECOND']);
if (!(perSecond > 0)) throw new Error('STORE_PER_SECOND is how many updates the store applies a second');

/** Each lane writes on its own, so each has its share of the rate. */
function slowDown(writer: ProductWriter): ProductWriter {
  return {
    async apply(records) {
      const delayMs = (records.length / (perSecond / LANES)) * 1000;
      await new Promise((resolve) => {
        setTimeout(resolve, delayMs);
      });
      return writer.apply(records);
    },
  };
}

serve(startBackend({ wrapWriter: slowDown }));
