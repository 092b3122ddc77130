export { CodedError, codeOf, errorCodes, type ErrorCode } from './coded-error.ts';
export { describe } from './describe.ts';
export { guarded } from './guarded.ts';
export { isNetworkError } from './network-error.ts';
export { redact } from './redact.ts';
export { redactUrl } from './redact-url.ts';
export { readUrlOptions, type UrlOption, type UrlOptions } from './url-options.ts';
