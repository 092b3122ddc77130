import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { outcomeOf } from '@product-updates/queue/contract';
import { both, letter } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R28: what a server may not be able to hold. */
export const unholdableTests: readonly StoreTest[] = [
  {
    id: 'R28.1',
    title: 'an id that cannot be held is invalid; with others it costs that update alone, and reads of others go on',
    timeoutMs: 20_000,
    run: costsItselfAlone,
  },
  {
    id: 'R28.2',
    title: 'a letter can be written whatever its texts are',
    timeoutMs: 20_000,
    run: lettersOfAnything,
  },
];

/** Ids that the service itself refuses, as an older version or another producer may have let through. */
const ids: Readonly<Record<string, string>> = {
  'with U+0000': 'a\0b',
  'of U+0000 alone': '\0',
  'that begins as another': 'good\0',
  'larger than any key': 'x'.repeat(512 * 1024),
  'of random bytes larger than an index entry': Array.from({ length: 6000 }, (_, i) =>
    String.fromCodePoint(0x4e00 + ((i * 7919) % 20_000)),
  ).join(''),
};

async function costsItselfAlone(subject: Subject): Promise<void> {
  const { products, ping } = await subject.open();
  const good = both('good', 1, 1, 1);
  await products.apply([good]);
  for (const [name, id] of Object.entries(ids)) {
    const bad = both(id, 2, 2, 2);
    const together = await outcomeOf(products.apply([both('good', 2, 2, 2), bad]));
    const alone = await outcomeOf(products.apply([bad]));
    for (const outcome of [together, alone]) {
      if (!outcome.ok) expect(codeOf(outcome.error), `${name}: ${String(outcome.error)}`).to.equal('invalid');
    }
    expect(together.ok, `${name}: it is taken in a batch where it is taken alone`).to.equal(alone.ok);
    await ping();
    const reads = await Promise.all([products.get('good'), outcomeOf(products.get(id)), products.get('good')]);
    const [before, own, after] = reads;
    expect(before?.product_id, name).to.equal('good');
    expect(after, name).to.deep.equal(before);
    if (own.ok) expect(own.value, name).to.deep.equal(alone.ok ? bad : undefined);
    else expect(codeOf(own.error), name).to.equal('invalid');
    const [first, second] = await products.getMany(['good', id]);
    expect([first, second], name).to.deep.equal([before, alone.ok ? bad : undefined]);
  }
}

const texts: Readonly<Record<string, string>> = {
  'U+0000': 'a\0b\0',
  'half of a surrogate pair': 'a\ud800b\udc00',
  'half a MiB': '商'.repeat(175_000),
  'all control characters': Array.from({ length: 0xa0 }, (_, i) => String.fromCodePoint(i)).join(''),
};

async function lettersOfAnything(subject: Subject): Promise<void> {
  const { deadLetters } = await subject.open();
  for (const [i, [name, text]] of Object.entries(texts).entries()) {
    const event = { ...both(text, 1, 1, 1), event_id: `e${i}`, accepted_at: 1, replays: 0 };
    const failed = letter(`l${i}`, { product_id: text, error: text, event });
    const unread = letter(`u${i}`, {
      product_id: text,
      reason: 'undecodable',
      error: text,
      event: null,
      bytes: Buffer.from(text),
    });
    for (const written of [failed, unread]) {
      await deadLetters.add(written);
      const { product_id, error, ...rest } = (await deadLetters.get(written.id)) ?? expect.fail(`${name}: it is lost`);
      const { product_id: _id, error: _error, ...expected } = written;
      expect({ ...rest, bytes: rest.bytes === null ? null : Buffer.from(rest.bytes) }, name).to.deep.equal(expected);
      // What a server cannot hold of a text is replaced, the rest is kept.
      for (const kept of [product_id, error]) expect(kept.length, name).to.be.at.least(text.length / 2);
    }
  }
  const count = 2 * Object.keys(texts).length;
  expect(await deadLetters.count()).to.equal(count);
  expect(await deadLetters.list({ limit: 100 })).to.have.length(count);
}
