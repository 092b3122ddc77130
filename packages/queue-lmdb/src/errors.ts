import { CodedError } from '@product-updates/errors';

export function fullError(count: number, capacity: number): CodedError {
  const why = count > capacity ? `${count} messages are more than the queue can hold` : 'the queue is full';
  return new CodedError('full', `${why} (its capacity is ${capacity})`);
}

export function closedError(): CodedError {
  return new CodedError('closed', 'the queue is closed');
}
