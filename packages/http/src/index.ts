export { parseApiKeys, scopes, type ApiKey, type Scope } from './api-keys.ts';
export { createHttpApp, type HttpApp } from './app.ts';
export type {
  About,
  Denial,
  DropReason,
  HttpDependencies,
  HttpObserver,
  HttpOptions,
  PipelineView,
} from './http-dependencies.ts';
export { defaultHttpLimits, type HttpLimits } from './limits.ts';
export { refusalReasons, type Problem, type ProblemFault, type RefusalReason } from './problem.ts';
export { createStartingApp, type StartingDependencies } from './starting-app.ts';
export { closeHttpServer, createHttpServer, serveApp, type HttpServerOptions } from './server.ts';
