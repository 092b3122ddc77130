import { NEVER, type ProductRecord, type Version } from '@product-updates/domain';

const FIRST_PLACES = 1024;
/** Doubles of a record: price, its version, stock, its version. */
const DOUBLES = 4;

/**
 * Records that stand in memory, in flat arrays, each at a place of its own: as objects, with their numbers, they would be
 * half a million things for every garbage collection to look at.
 */
export class Known {
  readonly #places = new Map<string, number>();
  readonly #free: number[] = [];
  #values = new Float64Array(DOUBLES * FIRST_PLACES);
  #generations = new Float64Array(FIRST_PLACES);
  #used = 0;

  /** Undefined where the product is not known. */
  placeOf(product_id: string): number | undefined {
    return this.#places.get(product_id);
  }

  /** A place for one that is not known, of generation 0 and without a record. */
  add(product_id: string): number {
    const place = this.#free.pop() ?? this.#nextPlace();
    this.#places.set(product_id, place);
    this.#generations[place] = 0;
    return place;
  }

  remove(product_id: string): void {
    const place = this.#places.get(product_id);
    if (place !== undefined && this.#places.delete(product_id)) this.#free.push(place);
  }

  generationAt(place: number): number {
    return this.#generations[place] as number;
  }

  recordAt(place: number, product_id: string): ProductRecord {
    const at = DOUBLES * place;
    const price_version = this.#values[at + 1] as Version;
    const stock_version = this.#values[at + 3] as Version;
    return {
      product_id,
      price: price_version === NEVER ? null : (this.#values[at] as number),
      price_version,
      stock: stock_version === NEVER ? null : (this.#values[at + 2] as number),
      stock_version,
    };
  }

  setAt(place: number, record: ProductRecord, generation: number): void {
    const at = DOUBLES * place;
    this.#values[at] = record.price ?? 0;
    this.#values[at + 1] = record.price_version;
    this.#values[at + 2] = record.stock ?? 0;
    this.#values[at + 3] = record.stock_version;
    this.#generations[place] = generation;
  }

  #nextPlace(): number {
    if (this.#used === this.#generations.length) {
      this.#values = grown(this.#values);
      this.#generations = grown(this.#generations);
    }
    return this.#used++;
  }
}

function grown(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
