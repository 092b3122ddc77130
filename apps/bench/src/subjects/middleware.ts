/** The service's HTTP layer in front of the usual backend, with a middleware of somebody's own: every route goes through Koa. */
import { startBackend } from './backend.ts';
import { serve } from './serve.ts';

serve(startBackend(), (app) => {
  app.use(async (ctx, next) => {
    await next();
    ctx.set('x-served-by', 'bench');
  });
});
