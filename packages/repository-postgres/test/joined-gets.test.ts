import { expect } from 'chai';
import { CodedError } from '@product-updates/errors';
import { joinGets } from '../src/joined-gets.ts';

interface Question {
  readonly keys: () => readonly string[];
  asked?: readonly string[];
  answer(): void;
  fail(): void;
}

/** Questions that wait until the test starts and answers them. */
function setUp({ startsAtOnce = false } = {}) {
  const questions: Question[] = [];
  const get = joinGets<string>((keys) => {
    return new Promise((resolve, reject) => {
      const question: Question = {
        keys,
        ...(startsAtOnce && { asked: keys() }),
        answer(): void {
          question.asked ??= keys();
          resolve(new Map(question.asked.map((key) => [key, `value of ${key}`])));
        },
        fail: () => reject(new Error('too late')),
      };
      questions.push(question);
    });
  });
  return { get, questions };
}

describe('joinGets', () => {
  it('asks alone what need not wait', async () => {
    const { get, questions } = setUp({ startsAtOnce: true });
    const values = Promise.all([get('a'), get('b')]);
    expect(questions.map(({ asked }) => asked)).to.deep.equal([['a'], ['b']]);
    for (const question of questions) question.answer();
    expect(await values).to.deep.equal(['value of a', 'value of b']);
  });

  it('asks together what waits, each key once', async () => {
    const { get, questions } = setUp();
    const values = Promise.all([get('a'), get('b'), get('a')]);
    expect(questions).to.have.length(1);
    questions[0]!.answer();
    expect(questions[0]!.asked).to.deep.equal(['a', 'b']);
    expect(await values).to.deep.equal(['value of a', 'value of b', 'value of a']);
  });

  it('begins another question once one is asked, has failed or is full', async () => {
    const { get, questions } = setUp();
    const first = get('a');
    questions[0]!.asked = questions[0]!.keys();
    const second = get('a').catch((error: unknown) => error);
    expect(questions).to.have.length(2);
    questions[0]!.answer();
    expect(await first).to.equal('value of a');
    questions[1]!.fail();
    expect(String(await second)).to.equal('Error: too late');

    const many = Array.from({ length: 1001 }, (_, i) => get(`k${i}`));
    expect(questions).to.have.length(4);
    for (const question of questions) question.answer();
    expect((await Promise.all(many)).at(-1)).to.equal('value of k1000');
    expect(questions.map(({ asked }) => asked?.length)).to.deep.equal([1, 1, 1000, 1]);
  });

  it('lets a key that cannot be asked fail alone', async () => {
    const asked: (readonly string[])[] = [];
    const get = joinGets<string>(async (keys) => {
      await Promise.resolve();
      asked.push(keys());
      if (asked.at(-1)!.includes('bad')) throw new CodedError('invalid', 'bad');
      return new Map(asked.at(-1)!.map((key) => [key, `value of ${key}`]));
    });
    const values = await Promise.allSettled([get('a'), get('bad'), get('b')]);
    expect(values.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect(asked).to.deep.equal([['a', 'bad', 'b'], ['a'], ['bad'], ['b']]);
  });
});
