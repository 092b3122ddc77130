import type { ProductEvent } from '@product-updates/domain';
import type { Delivery, Undecodable } from '@product-updates/queue';

/** An update, or bytes that are none. */
export type IncomingBody = ProductEvent | Undecodable;
/** What the queue hands over. */
export type Incoming = Delivery<IncomingBody>;
/** One that could be read. */
export type Update = Delivery<ProductEvent>;

/** The three ways in which an update can end. */
export type Outcome = 'applied' | 'superseded' | 'dead_lettered';
